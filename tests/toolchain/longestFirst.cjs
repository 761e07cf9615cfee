const { default: Sequencer } = require("@jest/test-sequencer");

/** Files that take minutes. Begun last, one of them would run when all others have ended and a processor has nothing to do. */
const LONG = [
  "ownersVm",
  "powerCut",
  "interrupted",
  "guard",
  "fleet",
  "owners",
  "crashMatrix",
  "properties",
  "faults",
  "ssh",
  "host",
  "networkd",
];

/** On a fresh checkout jest knows no durations of earlier runs, and would begin with what is most text. */
module.exports = class LongestFirst extends Sequencer {
  async sort(tests) {
    const rank = ({ path }) => LONG.findIndex((name) => path.endsWith(`/${name}.test.ts`)) >>> 0; // -1 is the greatest
    return (await super.sort(tests)).sort((a, b) => rank(a) - rank(b));
  }
};
