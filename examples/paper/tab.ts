import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'

/** What a tab has to know to work for a colony. */
export interface TabExecutor {
  colonyname: string
  name: string
  privateKey: string
}

export interface Tab {
  /** What the page shows. */
  status(): Promise<string>
  /** A picture of the page, as PNG. */
  picture(file: string): Promise<void>
  close(): Promise<void>
}

/** An empty page in a Chromium without a window; COLONIES_CHROMIUM names another browser of the kind. */
export async function openPage(): Promise<{ page: Page; close(): Promise<void> }> {
  const profile = await mkdtemp(join(tmpdir(), 'colonies-tab-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.COLONIES_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  return {
    page: await context.newPage(),
    async close() {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}

/** Opens the page that `url` serves. */
export async function openTab(url: string, executor: TabExecutor): Promise<Tab> {
  const { page, close } = await openPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  await page.goto(`${url}/paper/browser.html#${encodeURIComponent(JSON.stringify(executor))}`)
  const status = page.locator('#status')
  await page.waitForFunction("document.getElementById('status').textContent !== 'starting'", null, { timeout: 20_000 })
  if (problems.length > 0) throw new Error(`the page failed: ${problems.join('; ')}`)
  return {
    status: async () => (await status.textContent()) ?? '',
    async picture(file) {
      await page.screenshot({ path: file })
    },
    close,
  }
}
