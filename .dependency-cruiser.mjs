const TRUSTED = "^(core|host|domains|plugins|relay-chain)/";
const TOOL_ROOMS = "^(contracts|devnet|fabric-devnet|world|attack|bench|chaos|cli|e2e|tools)/";
const PACKAGE = "^(core/[^/]+|host/[^/]+|domains/[^/]+|plugins/[^/]+|contracts/[^/]+|relay-chain|devnet|fabric-devnet|world|attack|bench|chaos|cli|e2e)/";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "third-party-in-trusted-code",
      comment:
        "core/, host/ and the domains load no npm package at all (paper eq. 5: risk grows with size); host/crypto lends the two audited ones, and management has its policy engine (ADR on access).",
      severity: "error",
      from: { path: "^(core|host|domains)/[^/]+/src/", pathNot: ["^(host/crypto|core/testkit)/", "^domains/management/src/adapters/cedar-rules[.]ts$"] },
      to: { path: "node_modules/" },
    },
    {
      name: "third-party-in-crypto",
      severity: "error",
      from: { path: "^host/crypto/src/" },
      to: { path: "node_modules/", pathNot: "node_modules/(secp256k1|hash-wasm|@types/)" },
    },
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    {
      name: "file-name-case",
      severity: "error",
      from: {},
      to: { path: "^(core|host|domains|plugins|relay-chain|contracts|devnet|fabric-devnet|world|cli|attack|bench|chaos|e2e|tools)/(?!.*node_modules/).*[A-Z_][^/]*[.]ts$" },
    },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, pathNot: ["/src/(index|main|[a-z-]+-main)[.]ts$", "/test/", "^tools/", "^e2e/", "[.]mjs$", "[.]d[.]ts$"] },
      to: {},
    },
    { name: "src-imports-test", severity: "error", from: { path: "/src/" }, to: { path: "/test/", pathNot: "node_modules/" } },
    {
      name: "no-unresolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "domain-imports-domain",
      comment: "Two security domains share messages (core/wire), never code or types. Paper section IV-B.",
      severity: "error",
      from: { path: "^domains/([^/]+)/" },
      to: { path: "^domains/", pathNot: "^domains/$1/" },
    },
    {
      name: "domain-imports-host",
      comment: "Of the host a domain loads only what is made to run inside it.",
      severity: "error",
      from: { path: "^(domains|plugins|relay-chain)/" },
      to: { path: "^host/", pathNot: "^host/(frontend|crypto)/" },
    },
    {
      name: "plugin-imports-domain",
      comment: "A plugin loads the domain that hosts it, in its entry alone, and no other.",
      severity: "error",
      from: { path: "^plugins/[^/]+/" },
      to: { path: "^domains/", pathNot: "^domains/appchain/src/index[.]ts$" },
    },
    {
      name: "plugins-only-in-appchain",
      comment: "A chain plugin is an image of its own that loads what hosts it; the relay node borrows its header follower.",
      severity: "error",
      from: { path: TRUSTED, pathNot: "^(plugins/|domains/appchain/test/|relay-chain/)" },
      to: { path: "^plugins/" },
    },
    {
      name: "plugin-imports-plugin",
      severity: "error",
      from: { path: "^plugins/([^/]+)/" },
      // The half without npm packages is shared with the validators.
      to: { path: "^plugins/", pathNot: ["^plugins/$1/", "^plugins/fabric-blocks/"] },
    },
    {
      name: "core-imports-outward",
      severity: "error",
      from: { path: "^core/" },
      to: { path: "^(domains|host|plugins|relay-chain)/" },
    },
    {
      name: "host-imports-domain",
      comment: "The host starts a domain by path; it never loads domain code.",
      severity: "error",
      from: { path: "^host/" },
      to: { path: "^(domains|plugins|relay-chain)/" },
    },
    {
      name: "switch-imports-host",
      comment: "The switch is the only path between domains: it stays small and depends on core alone.",
      severity: "error",
      from: { path: "^host/switch/src/" },
      to: { path: "^host/", pathNot: "^host/switch/" },
    },
    {
      name: "trusted-imports-tools",
      comment: "What runs in a gateway never loads a development tool (tests may).",
      severity: "error",
      from: { path: TRUSTED, pathNot: "/test/" },
      to: { path: TOOL_ROOMS },
    },
    {
      name: "testkit-only-in-tests",
      severity: "error",
      from: { path: "/src/", pathNot: "^core/testkit/" },
      to: { path: "^core/testkit/" },
    },
    {
      name: "core-does-io",
      comment: "core/ is pure: no file, network, process, clock or random source; it may name the type of a stream it is lent. testkit holds test suites and never runs in a gateway.",
      severity: "error",
      from: { path: "^core/[^/]+/src/", pathNot: "^core/testkit/" },
      to: { dependencyTypes: ["core"], dependencyTypesNot: ["type-only"], pathNot: "^(node:)?(util|buffer|assert)$" },
    },
    {
      name: "only-adapters-touch-the-machine",
      comment: "main.ts wires, src/adapters/ implements the ports; the rest is handed what it may use.",
      severity: "error",
      from: {
        path: "^((domains|host|plugins)/[^/]+|relay-chain)/src/",
        pathNot: ["/src/main[.]ts$", "/src/[a-z-]+-main[.]ts$", "/src/adapters/", "^host/crypto/"],
      },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?(util|assert|path)$" },
    },
    {
      name: "crypto-has-only-crypto",
      severity: "error",
      from: { path: "^host/crypto/src/" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?(util|assert|crypto|buffer|module)$" },
    },
    {
      name: "interaction-has-no-network",
      comment: "Keys live here; the domain talks to nobody outside. Paper section IV-C threat 4.",
      severity: "error",
      from: { path: "^domains/interaction/src/" },
      to: { path: "^(node:)?(net|tls|http|https|http2|dgram|dns|child_process|worker_threads)(/|$)" },
    },
    {
      name: "undeclared-npm-dependency",
      severity: "error",
      from: { path: "^((core|domains|host|plugins)/[^/]+|relay-chain)/src/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"] },
    },
    {
      name: "deep-import",
      comment: "Another package is reached through its exports only.",
      severity: "error",
      from: { path: PACKAGE },
      to: { path: `${PACKAGE}src/`, pathNot: ["^$1/", "/src/index[.]ts$", "node_modules/"] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    combinedDependencies: false,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)[.]crossguardian/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".js", ".mjs", ".json"],
    },
  },
};
