import { broken, silentInTheMiddle } from "./sshBroken";
import { byConfig } from "./sshByConfig";
import { certificates } from "./sshCertificates";
import { hostKeys } from "./sshHostKeys";
import { login } from "./sshLogin";
import { scripts } from "./sshScripts";
import { silence } from "./sshSilence";
import { sudo } from "./sshSudo";
import { kinds, SshSuite } from "./sshSuite";

const suite = new SshSuite();
beforeAll(() => suite.begin(), 600_000);
afterEach(() => suite.hangUp());
afterAll(() => suite.end());

/** Everything that both kinds of connection can, and what one of them can: the same cases, the same words. */
describe.each(kinds)("%s", (by) => {
  afterEach(() => suite.count(by));
  describe("scripts", () => scripts(suite, by));
  describe("login", () => login(suite, by));
  describe("sudo", () => sudo(suite, by));
  describe("host key", () => hostKeys(suite, by));
  describe("as ssh_config says", () => byConfig(suite, by));
  describe("a host that does not answer", () => silence(suite, by));
  describe("a connection that breaks", () => broken(suite, by));
});

describe("what only the system's ssh can", () => {
  afterEach(() => suite.count("openssh"));
  certificates(suite);
});

describe("both", () => silentInTheMiddle(suite));
