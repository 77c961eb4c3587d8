import { runDomain } from "@crossguardian/frontend";
import { CodedError } from "@crossguardian/kernel";
import { type ChainPackage } from "@crossguardian/plugin-kit";
import { pluginConfig, witnessConfig } from "@crossguardian/protocol";
import { role } from "./adapters/role.ts";
import { runModule } from "./run-module.ts";
import { runPlugin, warmPlugin } from "./run-plugin.ts";
import { runWitness } from "./run-witness.ts";

/** What a plugin package's `src/main.ts` does: runs its plugin, a service module of it or its header witness as a domain. @throws appchain.role.unknown */
export const runAppchain = async (chainPackage: ChainPackage): Promise<void> => {
  if (role() === "plugin") await runDomain({ configCodec: pluginConfig, warm: warmPlugin, run: async (powers, config) => runPlugin(powers, config, chainPackage) });
  else if (role() === "module") await runDomain({ configCodec: pluginConfig, run: async (powers, config) => runModule(powers, config, chainPackage) });
  else if (role() === "witness") await runDomain({ configCodec: witnessConfig, run: async (powers, config) => runWitness(powers, config, chainPackage) });
  else throw new CodedError("appchain.role.unknown");
};
