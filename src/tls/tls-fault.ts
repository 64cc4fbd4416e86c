// SPDX-License-Identifier: Apache-2.0

/** Why a listener's TLS cannot be set up, for an operator. Never has a password in it. */
export class TlsFault extends Error {
  /** Null where it is no file's fault. */
  readonly path: string | null
  readonly reason: string
  readonly advice: string

  constructor(path: string | null, reason: string, advice: string) {
    super(`${path === null ? '' : `${path}: `}${reason}. ${advice}`)
    this.path = path
    this.reason = reason
    this.advice = advice
  }
}

/** A fault in the bytes of a store, whose name those who read bytes do not know. */
export class StoreBytesFault extends Error {
  readonly advice: string

  constructor(reason: string, advice: string) {
    super(reason)
    this.advice = advice
  }
}
