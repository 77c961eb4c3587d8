import { readSources, writePackageFile } from "./adapters/artifact-files.ts";
import { compileContracts, MAX_RUNTIME_BYTES } from "./compile-contracts.ts";
import { generatedFiles, publishedContracts, TEST_ARTIFACTS_PATH } from "./generated-files.ts";
import { testArtifactsText } from "./test-contracts.ts";

const artifacts = compileContracts(readSources());
for (const name of Object.keys(publishedContracts)) {
  const runtimeBytes = artifacts[name]?.runtimeBytes ?? 0;
  if (runtimeBytes > MAX_RUNTIME_BYTES) throw new Error(`${name} has ${String(runtimeBytes)} bytes of code, the limit is ${String(MAX_RUNTIME_BYTES)}`);
  console.log(`${name} ${String(runtimeBytes)} bytes`);
}
for (const [path, text] of Object.entries(generatedFiles(artifacts))) writePackageFile(path, text);
writePackageFile(TEST_ARTIFACTS_PATH, testArtifactsText());
