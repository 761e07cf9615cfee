import type { LabHost } from "../lab/lab";

const FOLDER = "/run/NetworkManager/system-connections";
const LOG = "/var/log/NetworkManager.log";

/** As the host's init starts it. */
export const START = `unshare --mount sh -c 'mount -o remount,bind,ro /sys; exec NetworkManager --debug' >> ${LOG} 2>&1 & sleep 1`;

/** NetworkManager reads the profiles without a warning: all at once, and none of them starts, since each has a UUID of its own. */
export async function expectRead(host: LabHost, files: readonly { readonly from: string; readonly text: string }[]) {
  await host.must(`: > ${LOG}`);
  for (const [i, { text }] of files.entries())
    await host.write(
      `${FOLDER}/golden-${i}.nmconnection`,
      text
        .replace(/^(autoconnect|uuid)=.*\n/gm, "")
        .replace(/^\[connection\]$/m, `$&\nautoconnect=false\nuuid=00000000-0000-4000-8000-00000000${1000 + i}`),
    );
  const loaded = await host.must(
    `cd ${FOLDER}; chmod 600 golden-*; nmcli connection load $PWD/golden-*; nmcli -t -f UUID connection show | grep -c 00000000-0000-4000-8000; grep -E '<(warn|error)>' ${LOG} || :; rm golden-*; nmcli connection reload`,
  );
  // Which it has, of what it does not understand.
  await host.write(`${FOLDER}/odd.nmconnection`, "[connection]\nid=odd\nuuid=00000000-0000-4000-8000-000000000000\ntype=ethernet\nautoconnect=sometimes\n"); // prettier-ignore
  expect(await host.must(`cd ${FOLDER}; chmod 600 odd.*; nmcli connection load $PWD/odd.nmconnection; grep '<warn>' ${LOG}; rm odd.*; nmcli connection reload`)).toContain("autoconnect"); // prettier-ignore
  expect(loaded.replace(/golden-(\d+)/g, (_, i: string) => files[Number(i)]!.from)).toBe(`${files.length}\n`);
}
