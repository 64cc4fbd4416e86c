// SPDX-License-Identifier: Apache-2.0

const SECTOR = 512
const PAGE = 4096

/**
 * Chooses what was written back by the time the power went: 0 is what was synced, `newest` the last that was written, and
 * between them is what was there meanwhile.
 */
export type Pick = (newest: number) => number

/** Only what was synced. */
export const OLDEST: Pick = () => 0
/** As if everything had been synced. */
export const NEWEST: Pick = (newest) => newest

interface Version<T> {
  readonly moment: number
  readonly value: T
}

/**
 * One file, as the system shows it and as a disk may hold it. A sector of a disk has one of the contents that it had since
 * the last sync, whichever, and each sector on its own: the kernel writes back when and in what order it likes.
 */
export class VolatileFile {
  /** What is on the disk for sure. */
  #image: Buffer
  #size: number
  readonly #sectors = new Map<number, Version<Buffer>[]>()
  #sizes: Version<number>[] = []

  constructor(bytes: Buffer) {
    this.#image = Buffer.from(bytes)
    this.#size = bytes.length
  }

  /** As the system shows it. */
  get size(): number {
    return this.#sizes.at(-1)?.value ?? this.#size
  }

  write(moment: number, offset: number, bytes: Buffer): void {
    if (offset + bytes.length > this.size) this.#sizes.push({ moment, value: offset + bytes.length })
    for (let from = 0; from < bytes.length;) {
      const sector = Math.floor((offset + from) / SECTOR)
      const start = offset + from - sector * SECTOR
      const length = Math.min(SECTOR - start, bytes.length - from)
      this.#change(moment, sector, start, bytes.subarray(from, from + length))
      from += length
    }
  }

  resize(moment: number, size: number): void {
    // What is cut off reads as zeros when the file grows again.
    if (size < this.size) this.write(moment, size, Buffer.alloc(this.size - size))
    this.#sizes.push({ moment, value: size })
  }

  /** Everything up to the moment is on the disk now. */
  sync(moment: number): void {
    for (const sector of this.#sectors.keys()) this.#syncSector(sector, moment)
    this.#syncSize(moment)
  }

  /** The same for a range: whole pages are written. */
  syncRange(moment: number, offset: number, length: number): void {
    const first = Math.floor(offset / PAGE) * (PAGE / SECTOR)
    const end = Math.ceil((offset + length) / PAGE) * (PAGE / SECTOR)
    for (let sector = first; sector < end; sector++) this.#syncSector(sector, moment)
    this.#syncSize(moment)
  }

  afterPowerLoss(pick: Pick): Buffer {
    const size = pickFrom(this.#size, this.#sizes, pick)
    const bytes = Buffer.alloc(size)
    this.#image.copy(bytes)
    for (const [sector, versions] of this.#sectors) {
      const chosen = pickFrom(null, versions, pick)
      if (chosen !== null && sector * SECTOR < size) chosen.copy(bytes, sector * SECTOR)
    }
    return bytes
  }

  #change(moment: number, sector: number, start: number, bytes: Buffer): void {
    const versions = this.#sectors.get(sector) ?? []
    let value = bytes
    if (bytes.length < SECTOR) {
      value = Buffer.alloc(SECTOR)
      const before = versions.at(-1)?.value ?? this.#image.subarray(sector * SECTOR, (sector + 1) * SECTOR)
      before.copy(value)
      bytes.copy(value, start)
    }
    versions.push({ moment, value })
    this.#sectors.set(sector, versions)
  }

  #syncSector(sector: number, moment: number): void {
    const versions = this.#sectors.get(sector)
    const newest = versions?.findLast((version) => version.moment <= moment)
    if (versions === undefined || newest === undefined) return
    this.#reserve((sector + 1) * SECTOR)
    newest.value.copy(this.#image, sector * SECTOR)
    const later = versions.slice(versions.indexOf(newest) + 1)
    if (later.length > 0) this.#sectors.set(sector, later)
    else this.#sectors.delete(sector)
  }

  #syncSize(moment: number): void {
    const newest = this.#sizes.findLast((version) => version.moment <= moment)
    if (newest === undefined) return
    this.#size = newest.value
    this.#sizes = this.#sizes.slice(this.#sizes.indexOf(newest) + 1)
  }

  #reserve(size: number): void {
    if (size <= this.#image.length) return
    const larger = Buffer.alloc(Math.max(size, this.#image.length * 2))
    this.#image.copy(larger)
    this.#image = larger
  }
}

function pickFrom<T>(synced: T, later: readonly Version<T>[], pick: Pick): T {
  const chosen = later.length === 0 ? 0 : pick(later.length)
  return chosen === 0 ? synced : later[chosen - 1]!.value
}
