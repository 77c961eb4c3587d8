export { buildTemporaryWorld } from "./build-temporary-world.ts";
export { buildWorld, type WorldOptions } from "./build-world.ts";
export { copyTree, type TreeCopy } from "./copy-tree.ts";
export { plannedDeployment, type Deployment, type GatewayTerms } from "./contract-drafts.ts";
export { deployContracts, governedDraft } from "./deploy-contracts.ts";
export { askHouse, startHouse, type House, type ReportedDomain } from "./house-process.ts";
export { type CoresPlan } from "./cores-plan.ts";
export { gatewayHouse, intakePath, ordererHostOf, relayHouse } from "./house-specs.ts";
export { DEFAULT_TUNING, type HouseTerms, type Tuning } from "./house-terms.ts";
export { driversOf, ISOLATED_KINDS, type IsolationPlan, paceOf, withFewMachines } from "./isolation-plan.ts";
export { accountAddress, gatewayPublics, openKeySlots, signAscending, validatorAddress, type KeySlots } from "./key-slots.ts";
export { awaitSettled, awaitThese, percentile, type Timing } from "./load/await-settled.ts";
export { type ChainAccess, type ChainSender, type ChainSupply } from "./kinds/chain-access.ts";
export { type ForeignFacts } from "./kinds/foreign-facts.ts";
export { type ForeignKind, type ForeignOrder, type StartedForeign } from "./kinds/foreign-chain.ts";
export { type ForeignRemote } from "./kinds/foreign-remote.ts";
export { factsOfKind, WORLD_KINDS } from "./kinds/kind-facts.ts";
export { openAccess } from "./kinds/open-access.ts";
export {
  extraTransfersOf,
  handInBody,
  keyOf,
  lockDraft,
  makeSenders,
  routesOf,
  sendAssets,
  sendDoomed,
  sendRetrievals,
  type Sent,
} from "./load/send-load.ts";
export { signRaw, type RawCall } from "./load/sign-raw.ts";
export { countAssetEffects, readSupply, type Supply } from "./oracle/assets.ts";
export { headOf, readAssetEffects, readTransferEvents, type TransferEvent } from "./oracle/chain-facts.ts";
export { makeFollower, transferKey, type Follower } from "./oracle/follow-chains.ts";
export { followWorld, judgeWorld, type Verdict } from "./oracle/judge.ts";
export { type Node, type Proxies } from "./node.ts";
export { GOVERNANCE_KEY, openWorld, POLICY_DIR, startHouses, type World } from "./open-world.ts";
export { connectOrderer, submitRegistration, type OrdererClient } from "./orderer-client.ts";
export { encodeGenesis, signDocument, worldDocument, type SignedDocument } from "./registration.ts";
export { isWorldSaved, readSavedWorld, saveWorld, type SavedWorld } from "./saved-world.ts";
export { makeRpc, type Rpc } from "./rpc.ts";
export { sweepAfter } from "./sweep-after.ts";
export { decodeHouseSpec, DOMAIN_KINDS, type DomainEntry, type HouseSpec, isHouseRunning, type Isolation, ISOLATIONS } from "@crossguardian/launch";
export { awaitReceipts, makeSender, type Draft, type Receipt, type Sender } from "./sender.ts";
export {
  BENCH_TOPOLOGY,
  BXH_ID,
  chainsOf,
  dataOf,
  DEMO_TOPOLOGY,
  evmChainsOf,
  kindOf,
  kindOfPlan,
  numericIdOf,
  peersOf,
  modulesOf,
  pluginsOf,
  replicaOf,
  replicasOf,
  STANDBY_KINDS,
  standbyName,
  type StandbyKind,
  vaultOf,
  withKinds,
  type ChainPlan,
  type Detours,
  type DevChains,
  type InstalledProgram,
  type ServiceModules,
  type Topology,
} from "./world.ts";
export { askChains, type ChainIdentity } from "./operator/ask-chain.ts";
export { connectService, checkService } from "./operator/connect-service.ts";
export { type DeployedChain, deployChains } from "./operator/deploy-chains.ts";
export { isDeployed } from "./operator/is-deployed.ts";
export { type FabricNetwork, type IdentityFiles, type PolicyTerms } from "./kinds/fabric/network/fabric-network.ts";
export { accountOfMember, mintHome } from "./kinds/fabric/network/member-calls.ts";
export { requestCertificate } from "./operator/request-certificate.ts";
export { forgetWorld, isDevelopmentAlive } from "./operator/development.ts";
export { fundAccounts, mintTokens } from "./operator/fund-accounts.ts";
export { readAccountKey, readGovernorKeys } from "./operator/key-files.ts";
export { firstRegistry, gatewayTermsOf, genesisOf, type OperatorPowers, planWorld, type WorldWish } from "./operator/plan-world.ts";
export { type AuditJudgement, auditKeyOf, auditKeyText, type AuditLog, type AuditPlace, auditRecords, proveGrowth, proveRecord, readAudit, verifyAudit } from "./operator/read-audit.ts";
export { giveOrder, type OrderAnswer, type OrderWish } from "./operator/give-order.ts";
export { type HouseOrder, orderHouse } from "./operator/order-house.ts";
export { FIRST_OPERATORS, openOperators, operatorKeyPath } from "./operator/open-operators.ts";
export { publicKeysOf, type PublicKeys } from "./operator/public-keys.ts";
export { deploymentDocument, type NewService, registryOf, serviceDocument, signNext } from "./operator/register-world.ts";
export { type BodyKind, bodyQuestion, findBody, openBody, type OpenedBody, type SealedBody, shownBytes } from "./operator/read-body.ts";
export { keyStoreOf, moveKeyStore, type WishedStore } from "./operator/move-key-store.ts";
export { type DomainKeyAge, keyAgesOf } from "./operator/key-ages.ts";
export { rotateOnOfficersWord } from "./operator/rotate-offline.ts";
export { profilesPath } from "./operator/open-profiles.ts";
export { approveProfiles, type OfficerKey, type ProfileChange, type ProfilesState, proposeProfiles, type ShownProfiles, showProfiles } from "./operator/change-profiles.ts";
export { awaitAdmitted, bareTermsOf, runHouses, termsOf } from "./operator/run-world.ts";
export { awaitOutcome, type Outcome, sendTransfer, type SentTransfer, type TransferOrder } from "./operator/send-transfer.ts";
export { devUsers } from "./start-chains.ts";
export { type ChainsState, type ChainState, LOOKBACK_BLOCKS, readChainsState, type UndecidedTransfer } from "./operator/chain-state.ts";
