import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The certificates of a PEM text, or what is wrong with it. */
export function readCertificates(pem: string): readonly [X509Certificate, ...X509Certificate[]] | string {
  const blocks = pem.match(certificateBlock) ?? []
  try {
    const [first, ...others] = blocks.map(block => new X509Certificate(block))
    return first === undefined ? 'holds no PEM certificate' : [first, ...others]
  } catch {
    return 'holds a certificate that cannot be read'
  }
}

/** The private key of a PEM text, or what is wrong with it. */
export function readPrivateKey(pem: string): KeyObject | string {
  if (/ENCRYPTED/.test(pem)) return 'holds a private key with a passphrase'
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) return 'holds no PEM private key'
  try {
    return createPrivateKey(pem)
  } catch {
    return 'holds a private key that cannot be read'
  }
}
