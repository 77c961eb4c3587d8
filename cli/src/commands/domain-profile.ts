import { FLOORS, LEVELS, PROFILE_SUITES, type SecurityProfile, TLS_MINIMA } from "@crossguardian/access";
import { CodedError } from "@crossguardian/kernel";
import { approveProfiles, bareTermsOf, type HouseTerms, type ProfileChange, type ProfilesState, proposeProfiles, readSavedWorld, type ShownProfiles, showProfiles } from "@crossguardian/world";
import { type Command, Option } from "commander";

import { type Context, count, examples, form, type InstanceOptions, withInstance } from "../context.ts";
import { withLock } from "../instance-lock.ts";
import { findDataDir } from "../instance.ts";
import { readOperatorKey, type OrderOptions, withSigner } from "../order.ts";
import { operatorPowers } from "./contracts.ts";

const FIRST_OFFICER = "officer-1";
const SECOND_OFFICER = "officer-2";
const MAX_DAYS = 3_650;
const MAX_OFFICERS = 64;
const NAME = /^[a-z0-9-]{1,40}$/u;

type ShowOptions = InstanceOptions & { readonly gateway?: string };
type SetOptions = ShowOptions & Omit<OrderOptions, "reason"> & {
  readonly level?: string;
  readonly suites?: string;
  readonly tls?: string;
  readonly keyLifetime?: number;
  readonly credentialDays?: string;
  readonly officers?: number;
};
type ApproveOptions = InstanceOptions & Omit<OrderOptions, "reason"> & { readonly digest?: string };

const drawProfile = ({ house, domain, level, suites, tlsMin, keyLifetimeDays, credentials: { longestDays, officers } }: SecurityProfile): string =>
  `  ${house.padEnd(12)} ${domain.padEnd(20)} ${level.padEnd(9)} ${tlsMin}  keys ${keyLifetimeDays} d  credentials ${longestDays === null ? "any" : `${longestDays} d`}, ${officers} officers  ${suites.join(" ")}`;

const drawShown = (what: string, { document: { version, profiles }, digest, signedBy, needed }: ShownProfiles, house: string | undefined): string =>
  [`${what}: version ${version}, ${digest}, signed by ${signedBy.join(" ")} (${needed} needed)`, ...profiles.filter((each) => house === undefined || each.house === house).map(drawProfile)].join("\n");

const drawState = ({ inForce, proposed, trouble }: ProfilesState, house: string | undefined): string =>
  [
    trouble !== null ? `NOT in force: ${trouble.says}` : inForce === null ? "there are no profiles: domain profile set, then domain profile approve" : drawShown("in force", inForce, house),
    ...(proposed === null ? [] : [drawShown("proposed", proposed, house)]),
  ].join("\n");

const drawChange = ({ applied, document, digest, signedBy, needed }: ProfileChange): string =>
  applied
    ? `version ${document.version} is signed by ${signedBy.join(" ")}; ./crossguardian up puts it in force`
    : `version ${document.version} is proposed, ${signedBy.length} of ${needed} officers signed; another one: ./crossguardian domain profile approve --digest ${digest} --as ${SECOND_OFFICER}`;

const known = <T extends string>(text: string, option: string, values: readonly T[]): T => {
  const value = values.find((each) => each === text);
  if (value === undefined) throw new CodedError("cli.argument.bad", { why: `${option}: one of ${values.join(", ")}` });
  return value;
};

const daysOf = (text: string): number | null => {
  if (text === "none") return null;
  if (!/^\d{1,4}$/u.test(text) || Number(text) < 1 || Number(text) > MAX_DAYS) throw new CodedError("cli.argument.bad", { why: `--credential-days: 1 to ${MAX_DAYS}, or none` });
  return Number(text);
};

/** The change that options ask for. A level brings what it asks for at least; single options come on top. */
const changeOf = (names: readonly string[], options: SetOptions): ((profile: SecurityProfile) => SecurityProfile) => {
  const { gateway, level, suites, tls, keyLifetime, credentialDays, officers } = options;
  const terms = level === undefined ? {} : FLOORS[known(level, "--level", LEVELS)];
  const more = {
    ...(suites === undefined ? {} : { suites: suites.split(",").map((each) => known(each, "--suites", PROFILE_SUITES)) }),
    ...(tls === undefined ? {} : { tlsMin: known(tls, "--tls", TLS_MINIMA) }),
    ...(keyLifetime === undefined ? {} : { keyLifetimeDays: keyLifetime }),
  };
  const rules = {
    ...(credentialDays === undefined ? {} : { longestDays: daysOf(credentialDays) }),
    ...(officers === undefined ? {} : { officers }),
  };
  return (profile) => {
    if ((gateway !== undefined && profile.house !== gateway) || (names.length > 0 && !names.includes(profile.domain))) return profile;
    const next = { ...profile, ...terms, ...more };
    return { ...next, credentials: { ...next.credentials, ...rules } };
  };
};

const requireKnown = ({ inForce, proposed }: ProfilesState, names: readonly string[], terms: HouseTerms, gateway: string | undefined): void => {
  if (gateway !== undefined && gateway !== "relay" && !terms.topology.gateways.some(({ name }) => name === gateway)) throw new CodedError("cli.argument.bad", { why: `no house ${gateway}` });
  const profiles = (inForce ?? proposed)?.document.profiles;
  const unknown = profiles === undefined ? undefined : names.find((name) => !profiles.some(({ domain }) => domain === name));
  if (unknown !== undefined) throw new CodedError("management.domain.unknown", { name: unknown });
};

const openTerms = async (dataDir: string): Promise<HouseTerms> => bareTermsOf(await operatorPowers(), readSavedWorld(dataDir), dataDir);

/** `domain profile`: the signed security profiles of an instance. */
export const registerProfile = (domain: Command, { places, print, setExitCode }: Pick<Context, "places" | "print" | "setExitCode">): void => {
  const profile = domain
    .command("profile")
    .description("signed security profiles: level, cipher suites, TLS versions, lifetime of keys and rules for operators' credentials of each domain")
    .addHelpText("after", examples(["domain profile show", "domain profile set --gateway gateway-a --level high --as officer-1", "domain profile approve --as officer-2"]));
  withInstance(profile.command("show"))
    .description("what is in force, what waits for more officers, and why something is not in force; exit code 1 then")
    .option("--gateway <name>", "only this house", form(NAME, "a house's name"))
    .addHelpText("after", examples(["domain profile show", "domain profile show --gateway gateway-a", "domain profile show --json"]))
    .action(async ({ gateway, ...options }: ShowOptions) => {
      const state = showProfiles(await openTerms(findDataDir(places, options)));
      print(options.json, state, () => drawState(state, gateway));
      if (state.inForce === null) setExitCode(1);
    });
  withSigner(withInstance(profile.command("set")), FIRST_OFFICER)
    .description("propose other profiles with an officer's signature; another officer approves, and the next up puts them in force")
    .argument("[domains...]", "names of domains; none: all of the house or instance")
    .option("--gateway <name>", "only domains of this house", form(NAME, "a house's name"))
    .addOption(new Option("--level <level>", "with what it asks for at least").choices(LEVELS))
    .option("--suites <list>", `suites of private bodies, the preferred one first: ${PROFILE_SUITES.join(",")}`)
    .addOption(new Option("--tls <version>", "lowest TLS version").choices(TLS_MINIMA))
    .option("--key-lifetime <days>", "days a root key is used at most", count(1, MAX_DAYS))
    .option("--credential-days <days>", "operators' credentials end within so many days; none: they need no end")
    .option("--officers <count>", "officers that sign a change", count(2, MAX_OFFICERS))
    .addHelpText("after", examples(["domain profile set --level standard --as officer-1", "domain profile set plugin-a --gateway gateway-a --tls TLSv1.3 --key-lifetime 180", "domain profile set --gateway gateway-b --level high --operator-key officer.key --as officer-1"]))
    .action(async (names: readonly string[], options: SetOptions) => {
      const dataDir = findDataDir(places, options);
      const { as = FIRST_OFFICER, operatorKey } = options;
      const change = await withLock(dataDir, process.pid, async () => {
        const terms = await openTerms(dataDir);
        requireKnown(showProfiles(terms), names, terms, options.gateway);
        return proposeProfiles(terms, changeOf(names, options), { officer: as, key: readOperatorKey(dataDir, as, operatorKey) });
      });
      print(options.json, change, () => drawChange(change));
    });
  withSigner(withInstance(profile.command("approve")), SECOND_OFFICER)
    .description("sign the profiles another officer proposed; read them before: domain profile show")
    .option("--digest <digest>", "refuse when something else waits", form(/^[0-9a-f]{64}$/u, "64 hexadecimal digits"))
    .addHelpText("after", examples(["domain profile approve --as officer-2", "domain profile approve --digest 9f86d0... --as officer-2 --operator-key officer-2.key"]))
    .action(async (options: ApproveOptions) => {
      const dataDir = findDataDir(places, options);
      const { as = SECOND_OFFICER, operatorKey, digest = null } = options;
      const change = await withLock(dataDir, process.pid, async () => approveProfiles(await openTerms(dataDir), digest, { officer: as, key: readOperatorKey(dataDir, as, operatorKey) }));
      print(options.json, change, () => drawChange(change));
    });
};
