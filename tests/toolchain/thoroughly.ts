/**
 * How many times what is tried many times is tried. A test file that is run by itself (`npm test -- tests/e2e/powerCut.test.ts`) does all of it; in
 * the whole suite each does a part, so that it stays under the 45 minutes that CI has on two cores (tests/run.ts sets KVMNET_SUITE).
 */
export const thoroughly = (alone: number, inWholeSuite: number): number =>
  process.env.KVMNET_SUITE === "whole" ? inWholeSuite : alone;
