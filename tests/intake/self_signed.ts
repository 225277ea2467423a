import { generateKeyPairSync, sign } from "node:crypto";

/** A self-signed certificate for `commonName` and its key, in PEM, made anew for each call. */
export function selfSigned(commonName: string): { readonly cert: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = der(0x30, [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
  const name = der(0x30, der(0x31, der(0x30, [0x06, 0x03, 0x55, 0x04, 0x03], der(0x0c, ascii(commonName)))));
  const alternativeNames = der(0x30, der(0x82, ascii(commonName)));
  const serial = crypto.getRandomValues(new Uint8Array(8));
  const content = der(
    0x30,
    der(0xa0, der(0x02, [2])),
    der(0x02, [1, ...serial]),
    ecdsaWithSha256,
    name,
    der(0x30, der(0x17, ascii("200101000000Z")), der(0x17, ascii("491231235959Z"))),
    name,
    [...publicKey.export({ type: "spki", format: "der" })],
    der(0xa3, der(0x30, der(0x30, [0x06, 0x03, 0x55, 0x1d, 0x11], der(0x04, alternativeNames)))),
  );
  const signature = sign("sha256", new Uint8Array(content), { key: privateKey, dsaEncoding: "der" });
  const certificate = der(0x30, content, ecdsaWithSha256, der(0x03, [0, ...signature]));
  const base64 = btoa(String.fromCharCode(...certificate)).replace(/.{64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Tag, length and content of a DER element (X.690, section 8.1). */
function der(tag: number, ...contents: readonly (readonly number[])[]): readonly number[] {
  const content = contents.flat();
  if (content.length < 0x80) return [tag, content.length, ...content];
  if (content.length < 0x100) return [tag, 0x81, content.length, ...content];
  return [tag, 0x82, content.length >> 8, content.length & 0xff, ...content];
}

function ascii(text: string): readonly number[] {
  return [...new TextEncoder().encode(text)];
}
