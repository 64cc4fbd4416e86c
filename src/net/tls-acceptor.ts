// SPDX-License-Identifier: Apache-2.0
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import type { TlsPeer } from '../broker/peer.ts'
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'

/** What a handshake is held to. It stays the same from the first byte of a handshake to its last. */
export interface TlsTerms {
  readonly secureContext: SecureContext
  readonly clientAuthentication: 'NONE' | 'OPTIONAL' | 'REQUIRED'
  /** Milliseconds; 0 for no limit. */
  readonly handshakeTimeout: number
  /**
   * Why a client with these certificates, its own first, is not let in; null if it is. `verifyError` is OpenSSL's opinion,
   * null where it has none.
   */
  refusalOf(chain: readonly X509Certificate[], verifyError: string | null): string | null
}

/** Where a listener gets its certificate, and what it asks of clients. */
export interface TlsTermsSource {
  /** For connections that begin now. */
  readonly current: TlsTerms
}

/** What the runtime's own TLS server uses of its sockets, too; it is in no documentation. */
interface ServerSocket {
  readonly _handle: { verifyError(): NodeJS.ErrnoException | null | undefined } | null
  _releaseControl(): void
}

/** How a handshake can fail: nobody finished it, the client went, or one side did not want the other. */
export type TlsFailure = 'timeout' | 'gone' | 'refused'

/** Hears of connections that ended before they could carry a byte. */
export type OnRefused = (address: string, reason: string, failure: TlsFailure) => void

/**
 * Takes connections through the TLS handshake. `tls.Server` is no help: it either closes connections whose certificate
 * OpenSSL finds fault with, expired ones that Java takes included, or asks for no certificate at all in the handshake of
 * a client that must have one; and each connection is to keep the terms that it began with.
 */
export class TlsAcceptor {
  readonly #source: TlsTermsSource
  readonly #wheel: TimerWheel
  readonly #onRefused: OnRefused
  /** Only a broker with TLS loads it: an import would cost each start 12 ms and 9 MB. */
  readonly #tls = process.getBuiltinModule('node:tls')
  /** Of connections that shake hands; each has a timer, so their number is bounded by the rate at which they come. */
  readonly #pending = new Set<TLSSocket>()

  constructor(source: TlsTermsSource, wheel: TimerWheel, onRefused: OnRefused) {
    this.#source = source
    this.#wheel = wheel
    this.#onRefused = onRefused
  }

  /**
   * `raw` has not begun to read, or has put back what it read too much. `onSecure` gets the connection when it may carry
   * bytes, and before it does; one that is refused is closed, and `onSecure` is not called. `address` is the client's.
   */
  accept(raw: Socket, address: string, onSecure: (socket: TLSSocket, peer: TlsPeer) => void): void {
    if (raw.destroyed) return
    const terms = this.#source.current
    const isRequested = terms.clientAuthentication !== 'NONE'
    const socket = new this.#tls.TLSSocket(raw, {
      isServer: true,
      secureContext: terms.secureContext,
      requestCert: isRequested,
      // Here it means only that OpenSSL ends the handshake of a client that sends no certificate.
      rejectUnauthorized: terms.clientAuthentication === 'REQUIRED',
    })
    let refusal: string | null = null
    let isLate = false
    const timer = new Timer(() => {
      refusal = `TLS handshake not finished in time (${terms.handshakeTimeout} ms)`
      isLate = true
      socket.destroy()
    })
    // An idle timeout, as the runtime's own server has it, would let a client go on for ever with a byte now and then.
    if (terms.handshakeTimeout > 0) this.#wheel.schedule(timer, terms.handshakeTimeout)
    this.#pending.add(socket)
    const leave = (): void => {
      this.#wheel.cancel(timer)
      this.#pending.delete(socket)
    }
    const onClose = (): void => {
      leave()
      const failure = isLate ? 'timeout' : refusal === null ? 'gone' : 'refused'
      this.#onRefused(address, refusal ?? 'the connection ended during the TLS handshake', failure)
    }
    socket.once('close', onClose)
    // After the handshake too: a record that cannot be decrypted ends the connection.
    socket.on('error', (error) => {
      refusal ??= describe(error)
      socket.destroy()
    })
    socket.once('secure', () => {
      const server = socket as unknown as ServerSocket
      const chain = isRequested ? chainOf(socket) : []
      if (chain.length > 0) refusal = terms.refusalOf(chain, server._handle?.verifyError()?.code ?? null)
      // OpenSSL has seen to it; a session that is resumed is the exception.
      else if (terms.clientAuthentication === 'REQUIRED') refusal = 'the client has no certificate'
      if (refusal !== null) {
        socket.destroy()
        return
      }
      leave()
      socket.off('close', onClose)
      server._releaseControl()
      onSecure(socket, {
        protocol: socket.getProtocol() ?? 'unknown',
        cipherSuite: socket.getCipher().standardName,
        serverName: serverNameOf(socket),
        certificateChain: chain,
      })
    })
  }

  /** Lets go of those that shake hands. */
  close(): void {
    for (const socket of this.#pending) socket.destroy()
  }
}

/** OpenSSL's reason without its numbers and source files. */
function describe(error: Error): string {
  const { reason } = error as { reason?: string }
  return `TLS handshake failed (${reason ?? error.message})`
}

/** A client's certificate and what follows it, up to one that is its own issuer or has none. */
function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = []
  let certificate = socket.getPeerX509Certificate()
  while (certificate !== undefined && !chain.includes(certificate)) {
    chain.push(certificate)
    certificate = certificate.issuerCertificate
  }
  return chain
}

function serverNameOf(socket: TLSSocket): string | undefined {
  // The runtime says false where the client did not say.
  const { servername } = socket as { servername?: string | false | null }
  return servername || undefined
}
