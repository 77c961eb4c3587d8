import { type Registry } from "@crossguardian/protocol";
import { encodeMessage, ENTRY_KIND, MESSAGES } from "@crossguardian/wire";
import { type BodyStore } from "../blocks/body-store.ts";
import { targetChainOf } from "../blocks/entry-leaf.ts";
import { decodeSealed, type SealedBlock, type SealedEntry } from "../blocks/sealed-block.ts";
import { type Link } from "../link/link.ts";
import { MAX_BLOCK_BODY_BYTES, MAX_RECENT_BLOCK_BYTES } from "./orderer-powers.ts";

/** A follower of the chain on one link. `view` is a gateway's name (its entries only) or null for all entries. */
export type Feed = {
  readonly link: Link;
  readonly view: string | null;
  /** Next height to send. */
  next: bigint;
  isLoading: boolean;
  /** Called when the follower has everything up to the newest block. */
  readonly onCaughtUp: () => void;
};

type Recent = { readonly block: SealedBlock; readonly bytes: number; readonly views: Map<string, Uint8Array> };

/** Sends blocks to their followers, from memory when they follow closely, else from the log. */
export type BlockFeeds = {
  readonly add: (block: SealedBlock) => void;
  readonly follow: (feed: Feed) => void;
  readonly unfollow: (feed: Feed) => void;
  readonly pump: (feed: Feed) => void;
  readonly pumpAll: () => void;
  readonly forgetRecent: () => void;
};

/** Queued bytes above which a follower gets no further block for now. */
const FEED_QUEUE_BYTES = 8 * 1024 * 1024;

const isDocument = (entry: SealedEntry): boolean =>
  entry.facts.kind === ENTRY_KIND.register || entry.facts.kind === ENTRY_KIND.validators;

/** A gateway gets entries for chains it serves, and all governance documents. */
const concerns = (registry: Registry, gateway: string, entry: SealedEntry): boolean =>
  isDocument(entry) || registry.gatewayOfChain.get(targetChainOf(entry.facts)) === gateway;

/** Makes the feeds. `loadBlock` reads a block that is not in memory; `missing` is told of bodies that are not here. */
export const makeBlockFeeds = (ports: {
  readonly bodies: Pick<BodyStore, "get">;
  readonly loadBlock: (height: bigint) => Promise<Uint8Array>;
  readonly registry: () => Registry;
  readonly visibleHeight: () => bigint;
  readonly missing: (cid: Uint8Array) => void;
  readonly failed: (error: unknown) => void;
}): BlockFeeds => {
  const feeds = new Set<Feed>();
  const recent = new Map<bigint, Recent>();
  let recentBytes = 0;

  const withBodies = async (entries: readonly SealedEntry[]): Promise<SealedEntry[]> => {
    let left = MAX_BLOCK_BODY_BYTES;
    const bodies = await Promise.all(
      entries.map(async (each) => (each.cid.length > 0 && each.body.length === 0 ? ports.bodies.get(each.cid) : each.body)),
    );
    return entries.map((entry, at) => {
      const body = bodies[at] ?? null;
      if (body === null) ports.missing(entry.cid);
      if (body === null || body.length > left) return entry;
      left -= body.length;
      return { ...entry, body };
    });
  };

  const entriesFor = (block: SealedBlock, view: string | null): readonly SealedEntry[] =>
    view === null ? block.entries : block.entries.filter((each) => concerns(ports.registry(), view, each));

  const encodeFor = (block: SealedBlock, entries: readonly SealedEntry[]): Uint8Array =>
    encodeMessage(MESSAGES.block.codec, { ...block, entries });

  const fromMemory = (height: bigint, view: string | null): Uint8Array | null => {
    const known = recent.get(height);
    if (known === undefined) return null;
    const key = view ?? "";
    let bytes = known.views.get(key);
    if (bytes === undefined) {
      bytes = encodeFor(known.block, entriesFor(known.block, view));
      known.views.set(key, bytes);
    }
    return bytes;
  };

  const load = async (feed: Feed): Promise<void> => {
    const height = feed.next;
    const block = decodeSealed(await ports.loadBlock(height));
    const entries = await withBodies(entriesFor(block, feed.view));
    if (feed.next !== height || !feeds.has(feed)) return;
    if (feed.link.sendEncoded("block", encodeFor(block, entries))) feed.next += 1n;
  };

  const pump = (feed: Feed): void => {
    while (feeds.has(feed) && !feed.isLoading && feed.link.queuedBytes() < FEED_QUEUE_BYTES) {
      if (feed.next > ports.visibleHeight()) {
        feed.onCaughtUp();
        return;
      }
      const bytes = fromMemory(feed.next, feed.view);
      if (bytes === null) {
        feed.isLoading = true;
        load(feed).then(
          () => {
            feed.isLoading = false;
            pump(feed);
          },
          (error: unknown) => {
            feed.isLoading = false;
            ports.failed(error);
          },
        );
        return;
      }
      if (!feed.link.sendEncoded("block", bytes)) return;
      feed.next += 1n;
    }
  };

  return {
    add: (block) => {
      const bytes = block.entries.reduce((sum, each) => sum + each.body.length + 256, 1024);
      recent.set(block.attestation.header.height, { block, bytes, views: new Map() });
      recentBytes += bytes;
      for (const [height, each] of recent) {
        if (recentBytes <= MAX_RECENT_BLOCK_BYTES || recent.size === 1) break;
        recent.delete(height);
        recentBytes -= each.bytes;
      }
    },
    follow: (feed) => {
      feeds.add(feed);
      pump(feed);
    },
    unfollow: (feed) => {
      feeds.delete(feed);
    },
    pump,
    forgetRecent: () => {
      recent.clear();
      recentBytes = 0;
    },
    pumpAll: () => {
      for (const feed of feeds) pump(feed);
    },
  };
};

