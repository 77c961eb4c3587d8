export { gatewaySuite, TwinRefusal, type TwinSide, type TwinWorld } from "./gateway-suite.ts";
export {
  driverSuite,
  type DriverSuiteInput,
  type SuiteDomain,
  type SuiteDriver,
  type SuiteProbe,
  type SuiteSpec,
} from "./driver-suite.ts";
export { pluginSuite, type NodeMode, type PluginWorld, type TestedPlugin } from "./plugin-suite.ts";
