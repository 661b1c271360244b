// Listen errors: what the system's code means for whoever wanted to listen on an endpoint.
import { type Endpoint, familyOf } from "./endpoint.ts";

/** `EADDRNOTAVAIL: this machine has no address 9.9.9.9`; a code that nobody knows more of stays alone. */
export function explainListenError(code: string, { address, port }: Endpoint): string {
  const meanings: Readonly<Record<string, string>> = {
    EADDRINUSE: `another program has port ${port}; ss -ltnp tells which`,
    EADDRNOTAVAIL: `this machine has no address ${address}`,
    EACCES: `port ${port} is for CAP_NET_BIND_SERVICE only; take one from 1024 on, or a socket that systemd hands over`,
    EAFNOSUPPORT: `this machine has no IPv${familyOf(address)}`,
    EMFILE: "this process has no descriptor left; raise its limit (ulimit -n, LimitNOFILE=)",
  };
  const meaning = Object.hasOwn(meanings, code) ? meanings[code] : undefined;
  return meaning === undefined ? code : `${code}: ${meaning}`;
}
