import { randomBytes } from "node:crypto";
import { decode, encode } from "../../provider/bytes";

describe("a host's text, byte for byte", () => {
  test.each<[string, Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["UTF-8", Buffer.from("# Büro, 事務所 🏢\n")],
    ["Latin-1", Buffer.from("# B\xfcro\n", "latin1")],
    ["all bytes", Buffer.from([...Array(256).keys()])],
    ["the private characters themselves", Buffer.from("\uef80\uefff\ue000\uf000")],
    ["the replacement character itself", Buffer.from("a\ufffdb")],
    ["a sequence that ends early", Buffer.from([0x61, 0xe4, 0xba])],
    ["an overlong slash", Buffer.from([0xc0, 0xaf])],
    ["half a surrogate pair", Buffer.from([0xed, 0xa0, 0x80])],
  ])("%s", (_, bytes) => {
    expect(encode(decode(bytes))).toEqual(bytes);
  });

  test("UTF-8 is read as what it is", () => {
    expect(decode(Buffer.from("# Büro 🏢\n"))).toBe("# Büro 🏢\n");
    expect(decode(Buffer.from("ü\xfc", "latin1"))).not.toContain("\ufffd");
  });

  test("10 000 random texts", () => {
    for (let i = 0; i < 10_000; i++) {
      const bytes = randomBytes(i % 23);
      if (!encode(decode(bytes)).equals(bytes)) throw new Error(bytes.toString("hex"));
    }
  });
});
