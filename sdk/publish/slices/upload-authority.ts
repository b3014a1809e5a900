import { uploadDigest, encodeSignedUpload, type Upload } from '../../protocol/authorisation.ts';
import { base64UrlEncode } from '../../protocol/bytes.ts';
import type { Domain } from '../../protocol/eip712.ts';
import { UPLOAD_HEADER, UPLOAD_KEY_HEADER } from '../../protocol/http.ts';
import type { Secp256k1 } from '../../protocol/signature.ts';
import { encodeUploadKey, type UploadKey } from '../../protocol/upload-key.ts';

/** Who may upload the content of a deal: the key that the deal's salt names. */
export interface UploadAuthority {
  readonly domain: Domain;
  readonly key: UploadKey;
  /** Of the upload key, 32 bytes. */
  readonly privateKey: Uint8Array;
  readonly secp256k1: Secp256k1;
}

/** Headers by which an edge knows that the upload is the publisher's wish. */
export function uploadHeaders(
  { domain, key, privateKey, secp256k1 }: UploadAuthority,
  upload: Upload,
): Readonly<Record<string, string>> {
  const signature = secp256k1.sign(uploadDigest(domain, upload), privateKey);
  return {
    [UPLOAD_HEADER]: base64UrlEncode(encodeSignedUpload({ upload, signature })),
    [UPLOAD_KEY_HEADER]: base64UrlEncode(encodeUploadKey(key)),
  };
}
