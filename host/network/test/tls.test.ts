import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createServer, type Server } from "node:tls";
import { networkConfig } from "@crossguardian/protocol";
import { struct } from "@crossguardian/wire";
import { NETWORK_MAIN, openHouse, PROBE_MAIN } from "./fixture/house.ts";

const folder = mkdtempSync(join(tmpdir(), "cg-tls-"));
const at = (name: string): string => join(folder, name);
const openssl = (...words: string[]): unknown => execFileSync("openssl", words, { cwd: folder, stdio: "ignore" });
const servers: Server[] = [];

const authority = (name: string): void => {
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`);
};
const certificate = (name: string, signer: string, host: string): void => {
  writeFileSync(at(`${name}.ext`), `subjectAltName=DNS:${host}\n`);
  openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
  openssl("x509", "-req", "-in", `${name}.csr`, "-CA", `${signer}.pem`, "-CAkey", `${signer}.key`, "-CAcreateserial",
    "-days", "2", "-extfile", `${name}.ext`, "-out", `${name}.pem`);
};
const serve = async (name: string, maxVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3"): Promise<string> => {
  const server = createServer({ maxVersion, key: readFileSync(at(`${name}.key`)), cert: readFileSync(at(`${name}.pem`)) }, (socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => socket.end(chunk));
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "localhost");
  await once(server, "listening");
  servers.push(server);
  return `tls://localhost:${(server.address() as AddressInfo).port}`;
};

let house: Awaited<ReturnType<typeof openHouse>>;
before(async () => {
  authority("known");
  authority("stranger");
  certificate("good", "known", "localhost");
  certificate("other-name", "known", "elsewhere.example");
  certificate("unknown-signer", "stranger", "localhost");
  house = await openHouse();
  const grants = [];
  for (const endpoint of ["good", "other-name", "unknown-signer"]) {
    grants.push({ domain: "plugin-x", endpoint, address: await serve(endpoint) });
  }
  const old = await serve("good", "TLSv1.2");
  for (const domain of ["plugin-x", "plugin-y"]) grants.push({ domain, endpoint: "old", address: old });
  const [modern] = grants;
  grants.push({ domain: "plugin-y", endpoint: "good", address: modern?.address ?? "" });
  await house.startDomain(
    { number: 1, name: "network", kind: "network", chain: null, epoch: 1 },
    NETWORK_MAIN,
    networkConfig,
    { grants, intakes: [] },
    [{ name: "plugin-x", port: 2 }, { name: "plugin-y", port: 3 }],
    { NODE_EXTRA_CA_CERTS: at("known.pem") },
    { tlsMin: 12, tls: [{ domain: "plugin-x", min: 12 }, { domain: "plugin-y", min: 13 }], pairs: [] },
  );
  await house.startDomain({ number: 3, name: "plugin-y", kind: "plugin", chain: "y", epoch: 1 }, PROBE_MAIN, struct({}), {}, [{ name: "network", port: 1 }]);
  await house.startDomain(
    { number: 2, name: "plugin-x", kind: "plugin", chain: "x", epoch: 1 },
    PROBE_MAIN,
    struct({}),
    {},
    [{ name: "network", port: 1 }],
  );
});
after(async () => {
  await house.close();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

test("an endpoint whose certificate proves its name is reached over TLS", async () => {
  assert.deepEqual(await house.ask(2, "ask", "good|hello"), { answer: "hello" });
});

test("a certificate for another name, or of an unknown signer, is refused with its code", async () => {
  for (const endpoint of ["other-name", "unknown-signer"]) {
    const { error } = await house.ask(2, "ask", `${endpoint}|hello`);
    assert.match(error, /network\.endpoint\.certificate/u, endpoint);
  }
});

test("a domain whose security profile asks for TLS 1.3 reaches no endpoint that speaks 1.2 alone; one without that word does", async () => {
  assert.deepEqual(await house.ask(2, "ask", "old|hello"), { answer: "hello" });
  assert.deepEqual(await house.ask(3, "ask", "good|hello"), { answer: "hello" });
  const { error } = await house.ask(3, "ask", "old|hello");
  assert.match(error, /network\.endpoint/u);
});
