import * as z from 'zod'
import { oneOf, type SettingText, text } from './setting.ts'

/** TLS towards somebody, as every end that speaks it takes it. */
export const tlsSchema = (its: { readonly caFileExample: string; readonly serverName: SettingText }) =>
  z.strictObject({
    caFile: text({
      about: 'PEM certificates to trust instead of the public ones.',
      example: its.caFileExample,
    }).optional(),
    certFile: text({
      about: 'PEM certificate this client shows; needs `keyFile`. Read again when it changes.',
      example: '/etc/ssl/client.pem',
    }).optional(),
    keyFile: text({
      about: 'PEM private key of `certFile`, without a passphrase.',
      example: '/etc/ssl/client.key',
    }).optional(),
    serverName: text(its.serverName).optional(),
    minVersion: oneOf({ about: 'The oldest TLS accepted.', example: 'TLSv1.2' }, [
      'TLSv1.2',
      'TLSv1.3',
    ]).prefault('TLSv1.2'),
  })
