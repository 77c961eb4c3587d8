/** A certificate and its private key, as paths of PEM files. */
export type IdentityFiles = { readonly certificate: string; readonly key: string };

/** `threshold` of these organizations, each by a member with organizational unit `unit` ("" when units are not used). */
export type PolicyTerms = { readonly threshold: number; readonly mspIds: readonly string[]; readonly unit: string };

/** A Fabric channel of the operator's own, as a configuration describes it; paths are absolute, peers are named as in the connection profile. */
export type FabricNetwork = {
  /** Connection profile, JSON. */
  readonly connection: string;
  readonly channel: string;
  readonly chaincode: string;
  /** Organization of the gateway's identities. */
  readonly mspId: string;
  /** Who witnesses, validators and commands read blocks as. */
  readonly client: IdentityFiles;
  /** Who `contracts deploy` makes the gateway as; read by that command alone. */
  readonly deployer: IdentityFiles | null;
  /** Certificates by domain, each of the key in that domain's slot. */
  readonly plugins: ReadonlyMap<string, string>;
  readonly organizations: readonly { readonly mspId: string; readonly authorities: readonly string[]; readonly revocations: readonly string[] }[];
  readonly endorsement: PolicyTerms;
  readonly blocks: PolicyTerms;
};

/** A channel's endpoints by the names of peers. */
export type FabricPeers = { readonly rpc: string; readonly witnesses: readonly string[]; readonly validatorWitnesses: readonly (readonly string[])[] };
