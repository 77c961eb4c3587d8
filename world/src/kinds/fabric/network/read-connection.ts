import { X509Certificate } from "node:crypto";
import { dirname, resolve } from "node:path";

import { badFile, type NamedFile, readNamed } from "./read-file.ts";

/** A peer's endpoint: host:port, the authorities of its TLS certificate (PEM) and the name in that certificate. */
export type PeerEndpoint = { readonly host: string; readonly authorityPem: string; readonly serverName: string };

const MAX_AUTHORITY_CHARS = 16 * 1024;
const MAX_NAME_CHARS = 256;
const HOST = /^[A-Za-z0-9._-]{1,253}$/u;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/gu;

type UntrustedRecord = Readonly<Record<string, unknown>>;

const recordIn = (file: NamedFile, untrusted: unknown, what: string): UntrustedRecord => {
  if (typeof untrusted !== "object" || untrusted === null || Array.isArray(untrusted)) throw badFile(file, `${what}: an object`);
  return untrusted as UntrustedRecord; // checked above
};

const pemOf = (file: NamedFile, tls: UntrustedRecord, what: string): string => {
  const { pem, path } = tls;
  if (typeof path === "string") {
    const named = { field: `${file.field}, ${what}.path`, path: resolve(dirname(file.path), path) };
    return new TextDecoder().decode(readNamed(named));
  }
  const parts: readonly unknown[] = Array.isArray(pem) ? pem : [pem];
  if (!parts.every((each) => typeof each === "string")) throw badFile(file, `${what}.pem or ${what}.path: certificates of the peer's TLS authorities`);
  return parts.join("\n");
};

const checkedPem = (file: NamedFile, text: string, what: string): string => {
  const certificates = text.match(CERTIFICATE) ?? [];
  try {
    if (certificates.length === 0 || text.length > MAX_AUTHORITY_CHARS) throw new Error("none, or too many");
    for (const each of certificates) new X509Certificate(each);
  } catch (cause) {
    throw badFile(file, `${what}: one certificate or more, PEM, at most ${MAX_AUTHORITY_CHARS} characters`, cause);
  }
  return certificates.join("\n");
};

const hostOf = (file: NamedFile, untrusted: unknown, what: string): { readonly host: string; readonly name: string } => {
  const url = typeof untrusted === "string" && URL.canParse(untrusted) ? new URL(untrusted) : null;
  if (url?.protocol !== "grpcs:" || !HOST.test(url.hostname) || url.port === "" || url.username !== "" || !["", "/"].includes(url.pathname)) {
    throw badFile(file, `${what}.url: grpcs://host:port; a peer without TLS is not spoken to`);
  }
  return { host: url.host, name: url.hostname };
};

const peerOf = (file: NamedFile, untrusted: unknown, what: string): PeerEndpoint => {
  const peer = recordIn(file, untrusted, what);
  const { host, name } = hostOf(file, peer["url"], what);
  const options = peer["grpcOptions"] === undefined ? {} : recordIn(file, peer["grpcOptions"], `${what}.grpcOptions`);
  const override = options["ssl-target-name-override"] ?? options["hostnameOverride"] ?? name;
  if (typeof override !== "string" || override.length > MAX_NAME_CHARS || !HOST.test(override)) throw badFile(file, `${what}.grpcOptions.ssl-target-name-override: a host name`);
  const tls = recordIn(file, peer["tlsCACerts"], `${what}.tlsCACerts`);
  return { host, serverName: override, authorityPem: checkedPem(file, pemOf(file, tls, `${what}.tlsCACerts`), `${what}.tlsCACerts`) };
};

const parsed = (file: NamedFile): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(readNamed(file)));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw badFile(file, "a connection profile in JSON; convert one in YAML", cause);
    throw cause;
  }
};

/**
 * The peers of these names in a connection profile (Fabric's common format: `peers` with url, tlsCACerts and grpcOptions). The rest of a profile is
 * not read: the peer that the plugin uses passes transactions on to the orderers. @throws config.fabric.file
 */
export const readConnection = (file: NamedFile, names: readonly string[]): ReadonlyMap<string, PeerEndpoint> => {
  const peers = recordIn(file, recordIn(file, parsed(file), "the profile")["peers"], "peers");
  return new Map(
    [...new Set(names)].map((name) => {
      if (!Object.hasOwn(peers, name)) throw badFile(file, `peers.${name}: a peer that the configuration names`);
      return [name, peerOf(file, peers[name], `peers.${name}`)] as const;
    }),
  );
};
