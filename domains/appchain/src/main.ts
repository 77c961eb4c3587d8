import process from "node:process";
import { runDomain } from "@crossguardian/frontend";
import { CodedError } from "@crossguardian/kernel";
import { pluginConfig, witnessConfig } from "@crossguardian/protocol";
import { runPlugin } from "./run-plugin.ts";
import { runWitness } from "./run-witness.ts";

const role = process.env["CG_ROLE"];
if (role === "plugin") await runDomain({ configCodec: pluginConfig, run: runPlugin });
else if (role === "witness") await runDomain({ configCodec: witnessConfig, run: runWitness });
else throw new CodedError("appchain.role.unknown");
