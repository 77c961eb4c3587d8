export { cgroupsNamed } from "./cgroups-named.ts";
export { gatewaySuite, TwinRefusal, type TwinSide, type TwinWorld } from "./gateway-suite.ts";
export {
  driverSuite,
  type DriverSuiteInput,
  type SuiteDomain,
  type SuiteDriver,
  type SuiteProbe,
  type SuiteSpec,
} from "./driver-suite.ts";
export { HTTP_HOSTILE_MODES, startHttpFaultProxy, type HttpFaultProxy } from "./http-fault-proxy.ts";
export { startToyLedger, toyEvent, toySha256, type ToyLedger } from "./toy-ledger.ts";
export { makeToyWorld } from "./toy-world.ts";
export { pluginSuite, type NodeMode, type PluginWorld, type TestedPlugin } from "./plugin-suite.ts";
