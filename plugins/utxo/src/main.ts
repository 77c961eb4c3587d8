import { runAppchain } from "@crossguardian/domain-appchain";
import { chainPackage } from "./index.ts";

await runAppchain(chainPackage);
