// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from '../broker/close-reason.ts'
import type { Link, LinkListener } from '../broker/link.ts'
import type { Peer } from '../broker/peer.ts'
import type { FlushQueue } from './flush-queue.ts'
import { LARGE_SLAB, releaseSlab, SMALL_SLAB, takeSlab } from './slab-pool.ts'
import type { Transport, TransportSink } from './transport.ts'

// Output of a link, oldest last:
//
//   slab       |PUBACK|PUBLISH|PUBLISH|·····|        encoded in place, usually all there is: one write at the end of the turn
//   waiting    [shared payload] [head] [full slab]   older output that could not be part of it
//   transport                                        what the kernel has not taken yet

const EMPTY = Buffer.alloc(0)
/** Output beyond what the kernel takes at once from which on the link counts as congested; Netty's high water mark, as in HiveMQ. */
const CONGESTED_BYTES = 64 * 1024
/** So much shared output is not held back until the end of the turn. */
const WRITE_EARLY_BYTES = 256 * 1024

/** Bytes of one client in both directions. */
export class StreamLink implements Link, TransportSink {
  listener!: LinkListener
  slab: Buffer = EMPTY
  #used = 0
  #waiting: Buffer[] = []
  #waitingBytes = 0
  /** The slabs among what waits, and among what is being written. */
  #waitingSlabs: Buffer[] = []
  #writingSlabs: Buffer[] = []
  #writingBytes = 0
  #isWriting = false
  #isTouched = false
  #asksForMore = false
  #isClosing = false
  readonly #transport: Transport
  readonly #flushQueue: FlushQueue

  constructor(transport: Transport, flushQueue: FlushQueue) {
    this.#transport = transport
    this.#flushQueue = flushQueue
    transport.sink = this
  }

  get peer(): Peer {
    return this.#transport.peer
  }

  get queuedBytes(): number {
    return this.#writingBytes + this.#waitingBytes
  }

  get isCongested(): boolean {
    return this.#isWriting && this.queuedBytes > CONGESTED_BYTES
  }

  reserve(length: number): number {
    if (this.#used + length > this.slab.length) this.#changeSlab(length)
    if (!this.#isTouched) this.#touch()
    const at = this.#used
    this.#used = at + length
    return at
  }

  writeShared(bytes: Buffer): void {
    this.#retireSlab()
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes > WRITE_EARLY_BYTES) this.#write()
    if (!this.#isTouched) this.#touch()
  }

  askForMore(): void {
    this.#asksForMore = true
    if (!this.#isTouched) this.#touch()
  }

  flush(): void {
    this.#isTouched = false
    this.#write()
    if (this.#asksForMore && !this.isCongested) this.#tellReady()
  }

  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#write()
    if (!this.#isWriting) this.#transport.end()
  }

  destroy(): void {
    this.#isClosing = true
    this.#transport.destroy()
  }

  pauseReading(): void {
    this.#transport.pauseReading()
  }

  resumeReading(): void {
    this.#transport.resumeReading()
  }

  onBytes(chunk: Buffer, length: number): void {
    // After our last word the peer's bytes are thrown away; not reading them would make the kernel reset the connection,
    // and the peer might never see that word.
    if (!this.#isClosing) this.listener.onBytes(chunk, length)
  }

  onWritten(): void {
    const wasCongested = this.isCongested
    this.#endWriting()
    this.#write()
    if (this.#isClosing && !this.#isWriting) this.#transport.end()
    if ((wasCongested || this.#asksForMore) && !this.isCongested) this.#tellReady()
  }

  onEnded(reason: CloseReason): void {
    if (!this.#isClosing) this.listener.onEnded(reason)
  }

  onClosed(): void {
    this.#isClosing = true
    this.#endWriting()
    this.#retireSlab()
    this.#takeWaiting()
    this.#endWriting()
    this.listener.onClosed()
  }

  #touch(): void {
    this.#isTouched = true
    this.#flushQueue.add(this)
  }

  #tellReady(): void {
    this.#asksForMore = false
    this.listener.onReady()
  }

  /** The slab at hand has no room for `length` bytes more. */
  #changeSlab(length: number): void {
    const { slab } = this
    if (slab.length === SMALL_SLAB) {
      // More output than usual: what is there moves into a large slab, so that it stays one write.
      this.slab = takeSlab(LARGE_SLAB)
      slab.copy(this.slab, 0, 0, this.#used)
      releaseSlab(slab)
    } else if (slab.length === LARGE_SLAB) {
      this.#retireSlab()
      this.#write()
      this.slab = takeSlab(LARGE_SLAB)
    } else this.slab = takeSlab(length > SMALL_SLAB ? LARGE_SLAB : SMALL_SLAB)
  }

  /** Puts what is in the slab at the end of what waits. */
  #retireSlab(): void {
    if (this.slab.length === 0) return
    if (this.#used > 0) {
      this.#waiting.push(this.slab.subarray(0, this.#used))
      this.#waitingBytes += this.#used
      this.#waitingSlabs.push(this.slab)
    } else releaseSlab(this.slab)
    this.slab = EMPTY
    this.#used = 0
  }

  /** Hands everything to the transport, unless that is still busy. */
  #write(): void {
    if (this.#isWriting) return
    if (this.#waiting.length > 0) {
      this.#retireSlab()
      if (this.#transport.writeAll(this.#takeWaiting())) this.#endWriting()
      else this.#isWriting = true
    } else if (this.#used > 0) {
      const { slab } = this
      const used = this.#used
      this.slab = EMPTY
      this.#used = 0
      if (this.#transport.write(slab.subarray(0, used))) {
        releaseSlab(slab)
        return
      }
      this.#isWriting = true
      this.#writingBytes = used
      this.#writingSlabs.push(slab)
    }
  }

  #takeWaiting(): Buffer[] {
    const chunks = this.#waiting
    this.#writingSlabs = this.#waitingSlabs
    this.#writingBytes = this.#waitingBytes
    this.#waiting = []
    this.#waitingSlabs = []
    this.#waitingBytes = 0
    return chunks
  }

  #endWriting(): void {
    this.#isWriting = false
    this.#writingBytes = 0
    for (const slab of this.#writingSlabs) releaseSlab(slab)
    this.#writingSlabs = []
  }
}
