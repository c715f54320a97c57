export { type CefKey, type CefValue, cefDictionary, type LabelledCefKey } from './dictionary.ts'
export {
  type CefEncoder,
  type CefExtension,
  type CefHeader,
  type CefOptions,
  cefEncoder,
  cefLabel,
  cefPair,
  encodeCef,
  encodeCefHeader,
} from './encode-cef.ts'
export { type EncodedBytes, truncate, truncationMarker } from './truncate.ts'
