/** Layers of a domain that can be taken away one by one, and what each is. */
export const JAIL_LAYERS = {
  seccomp: "the list of system calls",
  caps: "no capability, no new privilege",
  userns: "a user namespace and a user of its own",
  pidns: "a process namespace and a /proc of its own",
  ipcns: "namespaces for System V and POSIX IPC and for names",
  netns: "a network namespace with nothing but lo",
  mount: "a root of its own, read-only, without devices, and without /proc once it is admitted",
  cgroup: "bounds of memory, tasks and cpu, and a control group namespace",
  rlimits: "bounds of the process: files, queues, core dumps",
} as const;
/** One of {@link JAIL_LAYERS}. */
export type JailLayer = keyof typeof JAIL_LAYERS;

/** Layers around the domains: of these the protocol probes ask. */
export const GATEWAY_LAYERS = {
  switch: "origin by channel, flow policy, re-encoding, rates",
  receiver: "the frame and message decoder of the domain that is spoken to, and the names it knows",
  proof: "what the interaction domain checks of the relay chain: attestation by t of n validators",
  relay: "what the validators check before they order: proof against header endpoints of their own, one state for each transfer",
  contract: "what the contract checks before it executes",
  spec: "the check of what a driver is told: names, paths, bounds",
  argv: "names and paths reach programs as arguments, never as text of a script",
  policy: "the reader of the flow policy: a file with a fault stops the start",
  json: "the reader of JSON: no key twice, bounded nesting",
  form: "a document is taken in the one form alone that its signers see",
  tls: "versions and ciphers of TLS: 1.2 and later, none without a certificate",
  certificate: "an endpoint's certificate has to prove its name",
  measure: "the signed manifest, compared at each start",
  copy: "what runs is a copy that is hashed while it is made",
  store: "the copy is compared again whenever it is used",
} as const;
/** One of {@link GATEWAY_LAYERS}. */
export type GatewayLayer = keyof typeof GATEWAY_LAYERS;

/** Any layer. */
export type Layer = JailLayer | GatewayLayer;

/** Every layer's name. */
export const LAYERS: readonly Layer[] = [...(Object.keys(JAIL_LAYERS) as JailLayer[]), ...(Object.keys(GATEWAY_LAYERS) as GatewayLayer[])]; // keys of both tables

/** Whether a layer is one of the jail's. */
export const isJailLayer = (layer: Layer): layer is JailLayer => layer in JAIL_LAYERS;

/** The layers of the jail. */
export const ALL_JAIL_LAYERS: readonly JailLayer[] = LAYERS.filter(isJailLayer);
