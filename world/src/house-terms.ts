import { type ProfileDocument } from "@crossguardian/access";
import { type Crypto } from "@crossguardian/crypto";

import { type Deployment } from "./contract-drafts.ts";
import { type CoresPlan } from "./cores-plan.ts";
import { type IsolationPlan } from "./isolation-plan.ts";
import { type KeySlots } from "./key-slots.ts";
import { type SignedDocument } from "./registration.ts";
import { type ChainPlan, type Topology } from "./world.ts";

/** Settings of the gateways that are not facts of the world. */
export type Tuning = {
  readonly suite: string;
  readonly lingerMs: number;
  readonly maxBatchEntries: number;
  readonly retryMs: number;
  readonly pollMs: number;
  readonly busyLingerMs: number;
  /** Whether management takes steps against what it detects, or only says it. */
  readonly detection: "act" | "report";
  /** Urgent requests overtake others. */
  readonly priorities: boolean;
  /** Batches and submissions get smaller under contention, and grow again. */
  readonly tightening: boolean;
  readonly cores: CoresPlan;
};

/** Defaults that suit two cores. */
export const DEFAULT_TUNING: Tuning = {
  suite: "aes-256-gcm",
  lingerMs: 100,
  maxBatchEntries: 512,
  retryMs: 3_000,
  pollMs: 500,
  busyLingerMs: 100,
  detection: "act",
  priorities: true,
  tightening: true,
  cores: {},
};

/** Signed security profiles as they are kept, and decoded. */
export type WorldProfiles = { readonly signed: string; readonly document: ProfileDocument };

/** Everything the specs of one world's houses are built from. */
export type HouseTerms = {
  readonly crypto: Crypto;
  readonly instance: string;
  readonly runDir: string;
  readonly dataDir: string;
  readonly stateDir: string;
  readonly driver: IsolationPlan;
  readonly production: boolean;
  readonly lifeline: boolean;
  /** Access document as text: who may give orders in these houses. */
  readonly access: string;
  /** Signed security profiles and what they say; null: none are known yet. */
  readonly profiles: WorldProfiles | null;
  readonly policyDir: string;
  readonly topology: Topology;
  readonly chains: readonly ChainPlan[];
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly genesis: Uint8Array;
  readonly registrations: readonly SignedDocument[];
  readonly slots: KeySlots;
  readonly ordererPort: number;
  /** Host name or address the orderer listens on; 127.0.0.1 when it is left out. */
  readonly ordererHost?: string;
  /** Ports of this machine by which gateways and validators of these names reach the orderer instead. */
  readonly ordererDetours?: ReadonlyMap<string, number>;
  readonly p2pListen: string;
  readonly tuning: Tuning;
};
