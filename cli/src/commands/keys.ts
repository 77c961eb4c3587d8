import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { makeCrypto } from "@crossguardian/crypto";
import { CodedError } from "@crossguardian/kernel";
import { decodeHouseSpec, isHouseRunning, keyStoreOf, moveKeyStore, publicKeysOf, rotateOnOfficersWord, type PublicKeys, readSavedWorld } from "@crossguardian/world";
import { type Command } from "commander";

import { type Context, examples, form, type InstanceOptions, withInstance } from "../context.ts";
import { findDataDir, findInstance } from "../instance.ts";
import { housesOf, type OrderOptions, orderHouse, readOperatorKey, withOrder } from "../order.ts";
import { formatTokens } from "../parse-tokens.ts";
import { printable } from "../printable.ts";
import { operatorPowers } from "./contracts.ts";

const draw = (keys: PublicKeys): string =>
  [
    ...keys.gateways.map(({ name, address, boxKey }) => `${name}\n  gateway key  ${address}\n  box key      ${boxKey}`),
    "submitting accounts",
    ...keys.accounts.map(({ chain, gateway, address, balanceWei }) => `  chain ${chain.padEnd(6)} ${address}  ${balanceWei === null ? "chain does not answer" : `${formatTokens(BigInt(balanceWei))} ether`}  (${gateway})`),
    ...(keys.members.length === 0 ? [] : ["members of Fabric channels"]),
    ...keys.members.map(({ chain, domain, mspId, validTo }) => `  chain ${chain.padEnd(6)} ${domain} of ${mspId}, until ${validTo}`),
    `validators, ${keys.validators.threshold} must sign`,
    ...keys.validators.addresses.map((each) => `  ${each}`),
    `governors, ${keys.governors.threshold} must sign, ${keys.governors.keysHere} of their keys are on this machine`,
    ...keys.governors.addresses.map((each) => `  ${each}`),
    `pause key      ${keys.pauseKey ?? "not on this machine"}`,
  ].join("\n");

const OFFICER = "officer-1";

/** Writes the next root key of a domain whose house is down, on the word of an officer who is one in that house. */
const rotateOffline = async (dataDir: string, domain: string, { gateway, as = OFFICER, operatorKey }: OrderOptions & { readonly gateway: string }): Promise<string> => {
  const saved = readSavedWorld(dataDir);
  if (isHouseRunning(join(saved.runDir, gateway))) throw new CodedError("cli.argument.bad", { why: "the house runs: rotate without --offline" });
  const path = join(dataDir, gateway, "house.json");
  if (!existsSync(path)) throw new CodedError("cli.argument.bad", { why: `no house ${gateway} was started here` });
  return rotateOnOfficersWord(await makeCrypto(), decodeHouseSpec(readFileSync(path, "utf8")), domain, { officer: as, key: readOperatorKey(dataDir, as, operatorKey) });
};

/** `keys` */
export const registerKeys = (program: Command, { places, print }: Context): void => {
  const keys = program.command("keys").description("keys of an instance").addHelpText("after", examples(["keys show --config crossguardian.json"]));
  withInstance(keys.command("show"))
    .description("public parts only: gateways, submitting accounts with balances, validators, governors, pause key")
    .addHelpText("after", examples(["keys show --config crossguardian.json", "keys show --json"]))
    .action(async (options: InstanceOptions) => {
      const dataDir = findDataDir(places, options);
      const shown = await publicKeysOf(await operatorPowers(), readSavedWorld(dataDir), dataDir);
      print(options.json, shown, () => draw(shown));
    });

  withOrder(withInstance(keys.command("rotate")), OFFICER)
    .description("has management make the root key of a domain's next epoch; it is used from the domain's next orderly start, and the old one is refused from then on. Management starts again by itself")
    .argument("<domain>", "interaction, a plugin, a service module, the relay house's orderer, or management of any house", form(/^[a-z0-9-]{1,40}$/u, "a domain's name"))
    .requiredOption("--gateway <name>", "the house")
    .option("--offline", "for a house that is down, because its key is too old: no management is asked, and no audit log written", false)
    .addHelpText("after", examples(["keys rotate interaction --gateway gateway-a --reason \"yearly\"", "keys rotate management --gateway relay --reason \"yearly\"", "keys rotate interaction --gateway gateway-a --offline --config crossguardian.json"]))
    .addHelpText("after", "\nThen: register the gateway's new keys (service register), or pay into a plugin's new account (contracts deploy --fund); then\n  ./crossguardian up --config FILE   or   ./crossguardian domain restart DOMAIN --gateway HOUSE --why ...\nPrivate bodies on their way to the old key of a gateway can not be opened any more and are cancelled after their deadline.")
    .action(async (domain: string, options: InstanceOptions & OrderOptions & { readonly gateway: string; readonly offline: boolean }) => {
      if (options.offline) {
        const keyEpoch = await rotateOffline(findDataDir(places, options), domain, options);
        print(options.json, { house: options.gateway, result: { domain, keyEpoch } }, () => `${options.gateway} ${domain}: key epoch ${keyEpoch} from its next start`);
        return;
      }
      const record = findInstance(places, options);
      const [house] = housesOf(record, options.gateway);
      if (house === undefined) return;
      const { result } = await orderHouse(await makeCrypto(), record, house, { action: "rotateKey", resource: domain, by: OFFICER }, options);
      print(options.json, { house: house.house, result }, () => `${house.house} ${domain}: ${printable(JSON.stringify(result))}`);
    });

  withInstance(keys.command("store"))
    .description("where root keys are kept: wrapped under a key that never leaves a PKCS#11 token, or in files as they are; without an option it asks the token once and says")
    .option("--token <uri>", "pkcs11:token=NAME;object=KEY?module-path=/LIBRARY&pin-source=/FILE: the secret key that wraps; the file holds the PIN", form(/^pkcs11:.{1,1000}$/u, "a pkcs11: URI"))
    .option("--make", "have the key made inside the token when there is none of its label", false)
    .option("--files", "take the keys out of the token's wrapping", false)
    .addHelpText("after", examples([
      'keys store --config crossguardian.json --make \\\n    --token "pkcs11:token=bridge;object=root?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/etc/crossguardian/pin"',
      "keys store --config crossguardian.json --files",
    ]))
    .addHelpText("after", "\nBefore the first start, or while all houses are down. Needs the Debian package opensc. Keys that lay on a disk before can be read from its blocks for long: rotate them afterwards.\nA token that is lost takes the keys with it: keep a second one as its vendor says.")
    .action((options: InstanceOptions & { readonly token?: string; readonly make: boolean; readonly files: boolean }) => {
      if (options.files && options.token !== undefined) throw new CodedError("cli.argument.bad", { why: "--token or --files" });
      const dataDir = findDataDir(places, options);
      if (!options.files && options.token === undefined) {
        const store = keyStoreOf(dataDir);
        print(options.json, { store }, () => (store === null ? "root keys lie in files, as they are" : `root keys are wrapped by ${printable(store)}`));
        return;
      }
      const moved = moveKeyStore(dataDir, options.token === undefined ? "files" : { token: options.token, makes: options.make });
      print(options.json, moved, () => `${moved.slots} key${moved.slots === 1 ? "" : "s"} ${moved.store === null ? "opened into files" : `wrapped by ${printable(moved.store)}`}`);
    });
};
