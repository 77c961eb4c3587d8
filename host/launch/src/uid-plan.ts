import { UIDS_PER_DOMAIN_COUNT } from "@crossguardian/isolation";

/** Houses one host can hold. */
export const BLOCKS_COUNT = 64;
/** Ranges of user ids per house: one per domain and one for the switch. */
export const SLOTS_PER_BLOCK_COUNT = 64;
// 0x70000000 to 0x7fffffff is used by nobody else (systemd's table of user id ranges).
const FIRST_UID = 0x7000_0000;

/** First host uid of a slot of a house's block. */
export const uidBaseOf = (block: number, slot: number): number =>
  FIRST_UID + (block * SLOTS_PER_BLOCK_COUNT + slot) * UIDS_PER_DOMAIN_COUNT;
