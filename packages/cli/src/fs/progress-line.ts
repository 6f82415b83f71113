import type { SyncProgress } from '@colonies/colonyfs'
import { formatBytes } from '../format-bytes.js'
import { StatusLine } from '../status-line.js'

/** Tells how far a long transfer is. */
export class ProgressLine extends StatusLine {
  showSync(progress: SyncProgress): void {
    const { filesDone, filesTotal, bytesDone, bytesTotal } = progress
    this.show((ms) => {
      const rate = bytesDone / (ms / 1000)
      return `${filesDone} of ${filesTotal} files, ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}, ${formatBytes(rate)}/s`
    })
  }

  /** For one file of so many bytes. @returns takes the bytes of each piece that was moved */
  ofFile(bytesTotal: number): (bytes: number) => void {
    let bytesDone = 0
    return (bytes) => {
      bytesDone += bytes
      this.showSync({ filesDone: 0, filesTotal: 1, bytesDone, bytesTotal })
    }
  }
}
