// SPDX-License-Identifier: Apache-2.0

/** The contents of all blocks of a kind in a PEM text, in order. */
export function blocksOf(text: Buffer, kind: string): Buffer[] {
  const pattern = new RegExp(`-----BEGIN ${kind}-----([A-Za-z0-9+/=\\s]*)-----END ${kind}-----`, 'g')
  return [...text.toString('latin1').matchAll(pattern)].map(([, base64]) => Buffer.from(base64!, 'base64'))
}

export function toPem(bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
}
