import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

/** Upper ends of the buckets of the latency histogram. */
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60] as const

/** How often the event loop is looked at; a loop without delay is measured as this long. Each look wakes the process. */
const TICK_MS = 100

interface Latency {
  /** How many requests fell into each bucket alone; the last is for those beyond all. */
  buckets: number[]
  sumSeconds: number
}

interface Reading {
  type: 'gauge' | 'counter'
  name: string
  help: string
  /** Several have one label, whose values are the keys. */
  read(): number | { readonly label: string; readonly values: Readonly<Record<string, number>> }
}

/**
 * Numbers about one replica, as Prometheus reads them. Labels come from our own tables only, never from what a caller
 * sent, so there are few of them.
 */
export class Metrics {
  readonly #requests = new Map<string, Map<string, number>>()
  readonly #latencies = new Map<string, Latency>()
  readonly #readings: Reading[] = []
  readonly #eventLoop: IntervalHistogram = monitorEventLoopDelay({ resolution: TICK_MS })

  constructor() {
    this.#eventLoop.enable()
  }

  /** @param outcome status of the reply, or `gone` when the caller did not wait for it */
  countRequest(payloadtype: string, outcome: number | 'gone', seconds: number): void {
    this.#countOutcome(payloadtype, String(outcome))
    let latency = this.#latencies.get(payloadtype)
    if (!latency) {
      latency = { buckets: new Array(BUCKETS_SECONDS.length + 1).fill(0), sumSeconds: 0 }
      this.#latencies.set(payloadtype, latency)
    }
    const bucket = BUCKETS_SECONDS.findIndex((limit) => seconds <= limit)
    const place = bucket < 0 ? BUCKETS_SECONDS.length : bucket
    latency.buckets[place] = (latency.buckets[place] ?? 0) + 1
    latency.sumSeconds += seconds
  }

  /** @param outcome status of the refusal, or `subscribed`; one that is refused later has both */
  countSubscription(payloadtype: string, outcome: number | 'subscribed'): void {
    this.#countOutcome(payloadtype, String(outcome))
  }

  /** @param read called each time somebody asks for the numbers */
  addGauge(name: string, help: string, read: () => number): void {
    this.#readings.push({ type: 'gauge', name, help, read })
  }

  /** @param read what was counted since the start of this process; called as that of a gauge */
  addCounter(name: string, help: string, read: () => number): void {
    this.#readings.push({ type: 'counter', name, help, read })
  }

  /** Counters under one name, told apart by a label. @param read all that there can ever be, each by the value of its label */
  addCounters(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void {
    this.#readings.push({ type: 'counter', name, help, read: () => ({ label, values: read() }) })
  }

  /** @param isQuiet the event loop is not looked at meanwhile: nobody waits for it */
  rest(isQuiet: boolean): void {
    if (isQuiet) this.#eventLoop.disable()
    else this.#eventLoop.enable()
  }

  /** Stops measuring. */
  close(): void {
    this.#eventLoop.disable()
  }

  /** @returns the text format of Prometheus, version 0.0.4 */
  render(): string {
    return [this.#renderRequests(), this.#renderLatencies(), this.#renderReadings(), this.#renderProcess()].join('')
  }

  #countOutcome(payloadtype: string, outcome: string): void {
    let outcomes = this.#requests.get(payloadtype)
    if (!outcomes) this.#requests.set(payloadtype, (outcomes = new Map()))
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }

  #renderRequests(): string {
    let text = heading('colonies_requests_total', 'counter', 'Requests and subscriptions by payload type and outcome.')
    for (const [payloadtype, outcomes] of this.#requests) {
      for (const [outcome, count] of outcomes) {
        text += `colonies_requests_total{payloadtype="${payloadtype}",outcome="${outcome}"} ${count}\n`
      }
    }
    return text
  }

  #renderLatencies(): string {
    const name = 'colonies_request_seconds'
    let text = heading(name, 'histogram', 'From the whole request to the reply, time on hold included.')
    for (const [payloadtype, { buckets, sumSeconds }] of this.#latencies) {
      const labels = `payloadtype="${payloadtype}"`
      let count = 0
      BUCKETS_SECONDS.forEach((limit, place) => {
        count += buckets[place] ?? 0
        text += `${name}_bucket{${labels},le="${limit}"} ${count}\n`
      })
      count += buckets[BUCKETS_SECONDS.length] ?? 0
      text += `${name}_bucket{${labels},le="+Inf"} ${count}\n`
      text += `${name}_sum{${labels}} ${sumSeconds}\n${name}_count{${labels}} ${count}\n`
    }
    return text
  }

  #renderReadings(): string {
    return this.#readings
      .map(({ type, name, help, read }) => heading(name, type, help) + samples(name, read()))
      .join('')
  }

  #renderProcess(): string {
    const { rss, heapUsed } = process.memoryUsage()
    const lagSeconds = (percentile: number) =>
      Math.max(0, this.#eventLoop.percentile(percentile) / 1e9 - TICK_MS / 1000) || 0
    const text =
      gauge(
        'colonies_event_loop_lag_p50_seconds',
        'Median delay of the event loop since the last reading.',
        lagSeconds(50),
      ) +
      gauge('colonies_event_loop_lag_p99_seconds', 'The delay that one in a hundred exceeds.', lagSeconds(99)) +
      gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', rss) +
      gauge('colonies_heap_used_bytes', 'Bytes in use by JavaScript.', heapUsed) +
      gauge('colonies_uptime_seconds', 'Since the start of this process.', process.uptime())
    this.#eventLoop.reset()
    return text
  }
}

function heading(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

function samples(name: string, read: ReturnType<Reading['read']>): string {
  if (typeof read === 'number') return `${name} ${read}\n`
  const lines = Object.entries(read.values).map(([value, count]) => `${name}{${read.label}="${value}"} ${count}\n`)
  return lines.join('')
}

function gauge(name: string, help: string, value: number): string {
  return `${heading(name, 'gauge', help)}${name} ${value}\n`
}
