import { createServer } from "node:net";
import { AgentProtocol, type ParsedKey } from "ssh2";

/** What ssh2's side of the protocol answers: the list of keys, and a signature. */
const REQUEST_IDENTITIES = 11;
const SIGN_REQUEST = 13;
const FAILURE = Buffer.from([0, 0, 0, 1, 5]);

/** An agent of this process, with this one key, until what comes back is called: its text or passphrase is in no file, argument or environment. */
export function serveKey(key: ParsedKey, path: string): Promise<() => void> {
  const server = createServer((client) => {
    const agent = new AgentProtocol(false);
    agent.on("identities", (request) => agent.getIdentitiesReply(request, [key]));
    agent.on("sign", (request, _key, data, { hash }) => {
      const signature = key.sign(data, hash);
      if (signature instanceof Error) agent.failureReply(request);
      else agent.signReply(request, key.type.startsWith("ecdsa-") ? fromDer(signature) : signature);
    });
    agent.on("error", () => client.destroy());
    agent.on("data", (answer: Buffer) => client.write(answer));
    client.on("error", () => undefined);
    let buffer = Buffer.alloc(0);
    client.on("data", (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk]);
      while (buffer.length >= 5 && buffer.length >= 4 + buffer.readUInt32BE(0)) {
        const end = 4 + buffer.readUInt32BE(0);
        // ssh2 takes the rest of a request that it does not know (session-bind@openssh.com) for the next one.
        if ([REQUEST_IDENTITIES, SIGN_REQUEST].includes(buffer[4]!)) agent.write(buffer.subarray(0, end));
        else client.write(FAILURE);
        buffer = buffer.subarray(end);
      }
    });
  });
  return new Promise((resolve, reject) => {
    server.on("error", reject).listen(path, () => resolve(() => server.close()));
  });
}

/** ECDSA's two numbers: DER is how node:crypto writes them, two strings how SSH does (RFC 5656, 3.1.2). */
function fromDer(der: Buffer): Buffer {
  const numbers: Buffer[] = [];
  // A sequence, whose length takes two bytes where it is over 127 (P-521); then each number.
  for (let at = der[1]! > 0x80 ? 3 : 2; at < der.length;) {
    const length = der[at + 1]!;
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    numbers.push(head, der.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return Buffer.concat(numbers);
}
