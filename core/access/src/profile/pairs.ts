import { type ProfileDocument, type SecurityTerms } from "./security-profile.ts";
import { stricterOf } from "./stricter.ts";

/** What a pair of chains uses: `chain` is of the house, `peer` of another one. */
export type PairTerms = { readonly chain: string; readonly peer: string; readonly terms: SecurityTerms };

/** The terms of each chain's side: its plugin's, and those of the interaction domain that seals for it. */
const sidesOf = ({ profiles }: ProfileDocument): readonly { readonly house: string; readonly chain: string; readonly terms: SecurityTerms }[] =>
  profiles.flatMap((plugin) => {
    if (plugin.kind !== "plugin" || plugin.chain === null) return [];
    const interaction = profiles.find(({ house, kind }) => house === plugin.house && kind === "interaction");
    return [{ house: plugin.house, chain: plugin.chain, terms: interaction === undefined ? plugin : stricterOf(plugin, interaction) }];
  });

/** Every pair of a chain of the house and one of another house, with the stricter of both sides. */
export const pairsOf = (document: ProfileDocument, house: string): readonly PairTerms[] => {
  const sides = sidesOf(document);
  return sides.filter((side) => side.house === house).flatMap((own) =>
    sides.filter((side) => side.house !== house).map((peer) => ({ chain: own.chain, peer: peer.chain, terms: stricterOf(own.terms, peer.terms) })));
};
