import { CONFIG_VERSION } from "./decode-config.ts";

const PEERS = ["peer0.org1.example.com", "peer0.org2.example.com", "peer0.org3.example.com"];

/** A Fabric channel of the operator's own (docs/fabric.md). */
const FABRIC_EXAMPLE = {
  gateway: "gateway-b",
  kind: "fabric",
  connection: "fabric/connection.json",
  channel: "trade",
  chaincode: "crossguardian",
  mspId: "Org1MSP",
  rpc: PEERS[0],
  witnesses: PEERS,
  validatorWitnesses: PEERS,
  depth: 0,
  client: { certificate: "fabric/reader/cert.pem", key: "fabric/reader/key.pem" },
  deployer: { certificate: "fabric/deployer/cert.pem", key: "fabric/deployer/key.pem" },
  plugins: { "plugin-c": "fabric/plugin-c.pem", "plugin-c-standby": "fabric/plugin-c-standby.pem" },
  organizations: {
    Org1MSP: { authorities: ["fabric/org1/cacerts/ca.pem"], revocations: ["fabric/org1/crls/crl.pem"] },
    Org2MSP: { authorities: ["fabric/org2/cacerts/ca.pem"] },
    Org3MSP: { authorities: ["fabric/org3/cacerts/ca.pem"] },
    OrdererMSP: { authorities: ["fabric/orderer/cacerts/ca.pem"] },
  },
  endorsement: { threshold: 2, organizations: ["Org1MSP", "Org2MSP", "Org3MSP"], unit: "peer" },
  blocks: { threshold: 1, organizations: ["OrdererMSP"], unit: "orderer" },
};

/** The text of a new configuration: development chains, so that `up` works with nothing changed. */
export const defaultConfigText = (name: string, dataDir: string): string =>
  `${JSON.stringify(
    {
      "//": "Keys that begin with // are comments. crossguardian.md, beside this file, explains every field.",
      version: CONFIG_VERSION,
      name,
      production: false,
      isolation: "oci",
      dataDir,
      suite: "aes-256-gcm",
      relay: {
        "//": "(validators + faulty) / 2 < threshold <= validators - faulty",
        listen: "127.0.0.1",
        port: 0,
        validators: 4,
        faulty: 1,
        threshold: 3,
      },
      "// quorum": "equal header reports that count, more than half of a chain's witnesses",
      quorum: 2,
      "// standby": "kinds of domains of which a second one waits to take over: plugin, interaction, relay; [] for none",
      standby: ["plugin", "interaction", "relay"],
      "// replicas": "may be left out: how many domains share the service pairs of a plugin, such as {\"plugin-a\": 2}",
      "// development": "remove this object and give each chain endpoints of your own, like the example below",
      development: { kind: "anvil", blockTimeMs: 1_000, depth: 1, witnesses: 3 },
      chains: {
        A: { gateway: "gateway-a" },
        C: { gateway: "gateway-b" },
        "// example": {
          gateway: "gateway-a",
          rpc: "https://node.example.org/rpc",
          witnesses: ["https://one.example.net", "https://two.example.com", "https://three.example.org"],
          validatorWitnesses: [1, 2, 3, 4].map((of) => [`https://v${of}.example.net`, `https://v${of}.example.com`, `https://v${of}.example.org`]),
          depth: 12,
        },
        "// fabric": FABRIC_EXAMPLE,
      },
    },
    null,
    2,
  )}\n`;

/** What stands beside a new configuration. */
export const CONFIG_GUIDE = `# crossguardian.json

\`crossguardian up --config crossguardian.json\` starts what this file describes. Every field is needed; a field with an unknown
name is refused. Keys that begin with \`//\` are comments.

| field | meaning |
| --- | --- |
| name | the instance: 1 to 14 of a-z, 0-9, - |
| production | true: no development chains, no \`isolation: none\`, no endpoint used twice for one chain |
| isolation | \`oci\`: one jail per domain; \`gvisor\`: a kernel of its own in user space per domain; \`none\`: for measuring only. Or by kind: \`{"default": "oci", "interaction": "gvisor"}\` with plugin, witness, interaction, relay, validator |
| dataDir | keys, journals, the relay chain's log and bodies; absolute; root only |
| detection | may be left out: \`act\` takes steps against a domain that breaks a rule or floods; \`report\` only says so |
| tightening | may be left out: \`false\` keeps batches and submissions as large under contention as without |
| priorities | may be left out: \`false\` serves requests first come, first served; else urgent ones overtake, and bulk ones keep an eighth of the way |
| replicas | may be left out: how many domains put calls into a chain, by its plugin: \`{"plugin-a": 2}\` for two, at most 8. Each service pair belongs to one of them at a time; the pairs of one that fails go to the others. Each pays from an account of its own: \`keys show\` lists it. Plugins of EVM chains only |
| cores | may be left out: cores of domains by their kind from the start on, such as \`{"management": "big", "witness": "little", "plugin": "0-1"}\`; \`domain set --cores\` changes them while they run |
| suite | cipher of private bodies: \`aes-256-gcm\` or \`chacha20-poly1305\`; used where the security profiles of a pair of chains allow it (\`domain profile show\`), else their first one |
| relay.listen, relay.port | where the orderer listens; port 0 chooses a free one at the first start and keeps it |
| relay.validators, .faulty, .threshold | n validators of which f may lie; t must sign: (n + f) / 2 < t <= n - f |
| quorum | equal witness reports that make a header certain: more than half, at most all |
| standby | kinds of domains of which a second one waits, started and admitted, to take over within milliseconds: \`plugin\`, \`interaction\`, \`relay\`, \`[]\` for none. A plugin's standby pays from an account of its own: \`keys show\` lists it |
| development | chains that \`up\` starts and \`down\` ends: kind anvil or ganache, blockTimeMs (null: a block per transaction), depth, witnesses per chain |
| chains.NAME.gateway | the gateway that serves the chain; transfers go between chains of different gateways |
| chains.NAME.kind | of a development chain: \`evm\` when it is left out, or another kind that \`demo --chains\` knows |
| chains.NAME.plugin | may be left out: an installed plugin (\`plugin list\`) that the chain's plugin and witnesses run, each in its jail; the chain's kind is the one of its manifest |
| chains.NAME.modules | may be left out, of EVM chains: service modules, such as \`{"asset": ["vault"], "data": ["data"]}\`. Each does the work of these services (last part of their ids) in a jail of its own, from an account of its own: \`keys show\` lists it |
| chains.NAME.rpc | without \`development\`: JSON-RPC endpoint of the chain's plugin |
| chains.NAME.witnesses | one endpoint per header witness of the gateway, each at another provider |
| chains.NAME.validatorWitnesses | header endpoints of the relay validators: one list per validator, none of them used by another or by the gateway. One list alone is asked by all validators: whoever has a quorum of it deceives every one of them, so production refuses it |
| chains.NAME.depth | blocks on top of a block before its events count |

Of a Fabric channel (\`kind: "fabric"\` without \`development\`), beside \`gateway\`; paths begin where this file lies, and docs/fabric.md goes through it step by step:

| field | meaning |
| --- | --- |
| connection | connection profile, JSON: addresses, TLS authorities and server names of peers are read from it |
| channel, chaincode, mspId | the channel, the committed gateway chaincode, the organization of the gateway's identities |
| rpc, witnesses, validatorWitnesses, depth | as above, by names of peers in the profile; depth 0: an ordered block is final |
| client | certificate and key of a member that may read: witnesses, validators and commands read as it |
| deployer | may be left out after \`contracts deploy\`: the member that makes the gateway and administers its services |
| plugins | the certificate of each plugin domain, of the key in its slot: \`crossguardian fabric request\` |
| organizations | authorities that issue members directly, and revocation lists, by MSP id |
| endorsement, blocks | how many of which organizations endorse, and sign blocks; \`unit\` is the organizational unit of who does, "" for any |

Chains of your own: remove \`development\`, give every chain its endpoints, then

    crossguardian contracts deploy --config crossguardian.json --key deployer.key
    crossguardian service register --config crossguardian.json
    crossguardian keys show --config crossguardian.json     (fund the submitting accounts it lists)
    crossguardian up --config crossguardian.json

Governance and pause keys are made by the first command in \`dataDir/keys\` (governor-N.key, pause.key). Move them to another
machine afterwards; commands that need them take \`--governor FILE\`.
`;
