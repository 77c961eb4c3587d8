import assert from "node:assert/strict";
import { test } from "node:test";
import { readPackageFile, readSources } from "../src/adapters/artifact-files.ts";
import { compileContracts, MAX_RUNTIME_BYTES } from "../src/compile-contracts.ts";
import { generatedFiles, publishedContracts, TEST_ARTIFACTS_PATH } from "../src/generated-files.ts";
import { testArtifactsText } from "../src/test-contracts.ts";

test("compiling the sources again gives the committed artifacts and ABIs, byte by byte", () => {
  const artifacts = compileContracts(readSources());
  for (const [path, text] of Object.entries(generatedFiles(artifacts))) {
    assert.ok(readPackageFile(path) === text, `${path} is stale: npm run compile -w contracts/evm`);
  }
  assert.ok(readPackageFile(TEST_ARTIFACTS_PATH) === testArtifactsText(), "the attackers' artifacts are stale");
  for (const name of Object.keys(publishedContracts)) {
    assert.ok((artifacts[name]?.runtimeBytes ?? Infinity) <= MAX_RUNTIME_BYTES, name);
  }
});
