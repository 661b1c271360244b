// Descriptions of the configuration's keys, for the hover texts of editors.

/** What the handbook's tables say, without their marks, by the path of the key; `[]` stands for each entry of a list. */
export const keyDescriptions: Readonly<Record<string, string>> = {
  "log.level": "trace debug info warn error fatal; at trace the log holds the transcript of every session",
  "log.format":
    "json, pretty for people, or journal: with fields for systemd's journal, and pretty where that does not read it",
  "log.file": "where the log goes instead of standard output: see log files",
  "log.transfers.file": "transfers alone, one line each, besides the log",
  "log.transfers.format":
    "json if left out, or xferlog as wu-ftpd, ProFTPD and vsftpd write it: files alone, no listings",
  "log.debugFor": "networks: sessions of clients there are logged at debug, whatever the level is",
  admin: "without it there is no admin listener",
  "admin.listen":
    "where /metrics, /healthz, /readyz and the API are served; other than loopback it needs admin.token or admin.open: true",
  "admin.hosts": "names that a request may have in Host, besides literal addresses and localhost; others get 421",
  "admin.token.file":
    "a file with a token of at least 16 characters; read again with each reload. With it everything but /healthz and /readyz asks for it",
  "admin.open": "true: an address other than loopback may be read without a token",
  "shared.redis":
    "redis:// or rediss:// (TLS), [user:password@]host[:port][/database]: there limits, bans and sessions per server are counted for all gateways of one name",
  "shared.prefix": "before every key; gateways with another one count apart",
  "shared.timeout": "so long a client waits for it at most; then the gateway's own counts decide",
  driver:
    "what holds control connections and the data connections of relay and splice: Node's sockets (node), or an event loop of the gateway's own (loop), which takes less of the processor; see the event loop. auto is node. Takes a restart",
  workers:
    "so many processes serve all of it together, each with its part of the ports: a number, or auto for one on each core: see all cores",
  "history.sessions": "so many sessions that have ended well are kept for the API; those that run are all kept",
  "history.failures": "so many sessions that have failed",
  "history.bytesPerSession": "of each; its oldest lines go first",
  "history.total": "of all; those that have ended go first, failures last, then the oldest lines of those that run",
  "kernel.table": "the nftables table (inet) of the kernel data plane",
  "kernel.mark":
    "marks the connections that the kernel carries; a firewall that drops what is forwarded accepts them by it",
  "kernel.mask": "the bits of the mark that count: 1 to 12 topmost ones; all 32 are overwritten",
  gateways: "one or more entrances",
  "gateways[].name": "stands in logs and metrics; a reload knows a gateway by it",
  "gateways[].log.level": "of this gateway's lines and of its sessions'; as log.level if left out",
  "gateways[].listen[].endpoint": "the same, where there is more to say of it",
  "gateways[].listen[].tls": "implicit: TLS begins with the first byte, as at port 990",
  "gateways[].listen[].proxyProtocol":
    "clients come through balancers, whose PROXY header (v1, v2) says who they are: see behind a balancer",
  "gateways[].listen[].proxyProtocol.from": "networks of the balancers; nobody else may come in there",
  "gateways[].listen": "literal addresses with ports, 0.0.0.0:21, [::]:21",
  "gateways[].dataPlane": "see data planes",
  "gateways[].route": "exactly one of the keys below it",
  "gateways[].route.server": "host[:port], port 21 if left out; a name is resolved for each session",
  "gateways[].route.servers": "several servers, any of which may serve a session: see a pool of servers",
  "gateways[].route.servers[].server": "host[:port], where there is more to say of it",
  "gateways[].route.servers[].weight": "its share of sessions, 1 to 100, 1 if left out; 0: it gets no new one",
  "gateways[].route.servers[].proxyProtocol": "v1 or v2: a PROXY header tells it who the client is",
  "gateways[].route.servers[].proxyProtocolData": "data connections to it begin with a PROXY header, too",
  "gateways[].route.servers[].users": "users whose server it is, with * and ?; see users and hosts of servers",
  "gateways[].route.servers[].hosts":
    "names in HOST, or in the client's TLS, whose server it is: ftp.example.com, *.example.com",
  "gateways[].route.balance":
    "which server is next: least-sessions (if left out), round-robin, client-hash or user-hash",
  "gateways[].route.slowStart":
    "a server that is new or comes back gets its share within so long, a growing part of it before; if left out, at once",
  "gateways[].route.health.every":
    "each server is checked so often, 10s if left out; without checks one session tries a server that is down after so long",
  "gateways[].route.health.timeout": "of one check, 5s if left out; this key and those below it are what makes checks",
  "gateways[].route.health.rise": "so many checks passed in a row, 2 if left out, and a server that was down is up",
  "gateways[].route.health.login.user": "a check logs in; left out: it ends with the greeting",
  "gateways[].route.health.login.passwordFile": "a file with the password; left out: as anonymous users have it",
  "gateways[].route.health.transfer":
    "list: a check lists a directory, too, over a passive data connection; none if left out",
  "gateways[].route.health.fall": "so many failures in a row, 3 if left out, and a server is down",
  "gateways[].route.login.allow": "who may be logged in to: names, *.example.com, networks, or * for anybody",
  "gateways[].route.transparent": "{}, or with any of the keys below it; see transparent",
  "gateways[].route.transparent.method": "how nftables brings connections here: redirect or tproxy",
  "gateways[].route.transparent.ports": "the servers' ports whose connections are intercepted",
  "gateways[].route.transparent.interface":
    "where the clients are; if left out, connections from anywhere are intercepted",
  "gateways[].route.transparent.advertise":
    "with redirect: whose address clients are told in 227, gateway or server, which needs clientSide.dataPorts",
  "gateways[].route.transparent.clientAddress": "with tproxy: the server sees the client's own address",
  "gateways[].clientSide.advertise":
    "the address put into 227, or where it is found, see addresses that change; if left out, the local address of the client's connection",
  "gateways[].clientSide.advertiseTo":
    "{ clients: 10.0.0.0/8, address: 10.0.0.1 }, …: the first that holds the client wins, before advertise",
  "gateways[].clientSide.dataPorts":
    "20000-20999, or { listen: 50000-50099, advertise: 30000-30099 }; if left out, any port the system gives, see data ports",
  "gateways[].clientSide.dataPeer":
    "who may use a pinhole: same-address as the control connection, same-network (IPv4 /24, IPv6 /64), any, or { networks: [10.0.0.0/8] }",
  "gateways[].clientSide.dataProxyProtocol":
    "the balancers of listen carry data connections too: each begins with a PROXY header, see behind a balancer",
  "gateways[].serverSide.mode": "same passive active auto, see modes",
  "gateways[].serverSide.advertise":
    "the address put into PORT and EPRT, likewise; if left out, the local address of the server's connection",
  "gateways[].serverSide.dataPorts": "as on the client side",
  "gateways[].serverSide.dataPeer": "as on the client side",
  "gateways[].policy.foreignAddress": "what to do with an announced address that is not the peer's, see below",
  "gateways[].policy.minDataPort": "lower announced ports are refused (RFC 2577)",
  "gateways[].policy.commands":
    "or { allow: [...] }; USER, PASS and QUIT are always allowed. SITE CHMOD is a command of its own there",
  "gateways[].policy.readOnly":
    "refuse whatever is not known to change nothing: MDTM with a time, SITE and unknown commands too",
  "gateways[].policy.anonymousOnly": "refuse other users than anonymous and ftp",
  "gateways[].policy.pinholesBeforeLogin":
    "let PORT, EPRT, PASV and EPSV pass before the server has accepted a login: for servers that ask nobody to log in",
  "gateways[].policy.tellInnerAddresses":
    "a reply to the client that says what failed names addresses of the server side too, not only those of the client's own",
  "gateways[].policy.tls":
    "AUTH and the like are answered 502; passthrough: client and server speak TLS with each other, and nothing is translated under it; terminate: see TLS",
  "tls.certificates":
    "[{ cert: fullchain.pem, key: key.pem }]: PEM files, the certificate first and then those that lead to a trusted one; for every gateway that names none of its own. Which one is shown the client's SNI says: exact names first, then *., else the first of the list",
  "gateways[].clientSide.tls.certificates": "likewise, of this gateway alone",
  "gateways[].clientSide.tls.require":
    "login: nobody logs in without AUTH (530); data: nor transfers without PROT P (521)",
  "gateways[].clientSide.tls.minVersion": "or TLSv1.3",
  "gateways[].clientSide.tls.sessionReuse":
    "require: a data connection that does not resume the session of its own control connection is refused (425); some clients never do",
  "gateways[].clientSide.tls.clientCertificates.ca":
    "clients are asked for a certificate that the authorities in this PEM file have signed",
  "gateways[].clientSide.tls.clientCertificates.require": "true: they have to show one",
  "gateways[].clientSide.tls.clientCertificates.user": "cn: USER has to be the CN of the certificate, else 530",
  "gateways[].clientSide.tls.ccc": "true: CCC takes the control connection back to clear text; else 533",
  "gateways[].clientSide.tls.truncation":
    "a data connection that ends without close_notify was cut off; tolerate: it is complete, for clients that never send it",
  "gateways[].serverSide.tls.mode":
    "auto: AUTH TLS, and clear text with a server that answers 5yz; required: no session without; match-client: as the client does",
  "gateways[].serverSide.tls.implicit": "true: TLS begins with the first byte (port 990)",
  "gateways[].serverSide.tls.verify": "false: any certificate is taken, but for pin",
  "gateways[].serverSide.tls.ca":
    "who has to have signed the server's certificate: the system's authorities, or those of a PEM file",
  "gateways[].serverSide.tls.name": "the name that it has to be for; if left out, the host of the route",
  "gateways[].serverSide.tls.pin": "sha256/…: the SHA-256 of its public key (SPKI) in base64, checked besides",
  "gateways[].serverSide.tls.certificate.cert": "what the gateway shows to a server that asks for a certificate",
  "gateways[].serverSide.tls.certificate.key": "its key",
  "gateways[].serverSide.tls.minVersion": "or TLSv1.3",
  "gateways[].serverSide.tls.data":
    "private: data connections run TLS, or there is no session; clear: never; match: as the client's PROT, private where its control connection is in clear. match if left out with mode: match-client, else private",
  "gateways[].serverSide.tls.truncation": "as on the client side",
  "gateways[].policies": "other values of these keys for some networks or users, see policies",
  "gateways[].limits.sessions": "sessions at once",
  "gateways[].limits.sessionsPerClient": "and of one client",
  "gateways[].limits.preLogin":
    "of the sessions, for those who have not logged in; with more, the oldest of the busiest network (/24, /48) goes",
  "gateways[].limits.connectsPerSecond.rate": "connections of one client in a second; beyond that its burst is used up",
  "gateways[].limits.connectsPerSecond.burst": "and so many more within 10 seconds; then it is turned away",
  "gateways[].limits.commandsPerSecond.rate": "commands of one client, in all of its sessions, in a second",
  "gateways[].limits.commandsPerSecond.burst":
    "and so many more within 10 seconds; then it is read later, and nothing is lost",
  "gateways[].limits.pinholesPerClient":
    "data connections that are open or announced, of one client; never more than three quarters of a range of 8 ports or more",
  "gateways[].limits.loginFailures.within": "the time in which failed logins of one client are counted",
  "gateways[].limits.loginFailures.most": "the failure with this number bans the client",
  "gateways[].limits.loginFailures.ban": "the first ban; each further one is twice as long",
  "gateways[].limits.loginFailures.banMost":
    "the longest; a client that was not banned for twice this time begins anew",
  "gateways[].limits.bufferedBytes":
    "bytes of one session that wait in the gateway for either peer, and lines that are held (64 KiB at most); with more a peer is not read",
  "gateways[].limits.commandBytes": "longest command line",
  "gateways[].limits.replyLineBytes": "longest line of a reply; a reply may have any number",
  "gateways[].limits.heldCommands": "commands that wait for their turn; with more the client is not read",
  "gateways[].limits.badLines": "so many lines in a row that are blank or can't be read end the session",
  "gateways[].timeouts.connect": "to reach the server, or a peer's data port; a fixed server is retried meanwhile",
  "gateways[].timeouts.login": "from the connection to a successful login",
  "gateways[].timeouts.idle": "without a command; does not run while data moves",
  "gateways[].timeouts.pinhole": "until the expected peer has connected; after a 1yz it has timeouts.dataStall",
  "gateways[].timeouts.dataStall": "a transfer without a byte",
  "gateways[].timeouts.linger": "the last bytes after the server's final reply, or that reply after a download",
  "gateways[].timeouts.drain": "what is left to transfers when the gateway is told to end",
  "gateways[].timeouts.keepalive": "TCP keepalive of control connections, for NATs; 10 s more, and a peer is gone",
  "gateways[].probe.user": "who a probe logs in as; of a login route with the server: NAME@HOST",
  "gateways[].probe.passwordFile":
    "a file with the password in one line; without it one as anonymous users give is sent",
};

/** Of sections, which have no row of their own there. */
export const sectionDescriptions: Readonly<Record<string, string>> = {
  log: "what is logged, how, and where",
  "log.transfers": "one line for each transfer, in a file of its own",
  "admin.token": "what requests to the admin listener must show",
  shared: "what several gateways count together, in Redis or Valkey",
  history: "how much of past sessions is kept for the API and the page",
  kernel: "the kernel data plane: its nftables table and its connection marks",
  tls: "what all gateways share of TLS",
  "tls.certificates[].cert": "the certificate, and those that lead to a trusted one",
  "tls.certificates[].key": "its key; a file that others can't read",
  "gateways[].log": "of this gateway alone",
  "gateways[].clientSide.tls": "what TLS clients may and must use, with policy.tls: terminate",
  "gateways[].clientSide.tls.certificates[].cert": "the certificate, and those that lead to a trusted one",
  "gateways[].clientSide.tls.certificates[].key": "its key; a file that others can't read",
  "gateways[].clientSide.tls.clientCertificates": "certificates of clients",
  "gateways[].serverSide.tls": "what TLS the server is asked for, with policy.tls: terminate",
  "gateways[].serverSide.tls.certificate": "what the gateway shows to a server that asks",
  "gateways[].clientSide": "the face that clients see",
  "gateways[].serverSide": "the face that the server sees",
  "gateways[].policy": "what is refused, and whom to believe",
  "gateways[].policy.foreignAddress.allow": "networks whose addresses may be announced",
  "gateways[].policy.commands.deny": "commands that are refused; all others pass",
  "gateways[].policy.commands.allow": "commands that pass; all others are refused",
  "gateways[].route.login": "the client names the server when it logs in",
  "gateways[].limits": "what one peer, or all of them, may take",
  "gateways[].limits.connectsPerSecond": "connections of one client",
  "gateways[].limits.commandsPerSecond": "commands of one client, in all of its sessions",
  "gateways[].limits.loginFailures": "when a client is banned, and for how long",
  "gateways[].timeouts": "how long to wait for whom",
  "gateways[].probe": "how a probe logs in through this gateway",
  "gateways[].policies[].tls": "as policy.tls, for these clients; { require } is terminate",
  "gateways[].policies[].tls.require": "what these must: none, login or data, whatever clientSide.tls.require says",
  "gateways[].policies[].clients": "networks whose clients it is for; left out: all",
  "gateways[].policies[].users": "users whom it is for, with * and ?; left out: all",
  "gateways[].clientSide.advertiseTo[].address": "what clients there are told: an address, or where it is found",
  "gateways[].clientSide.dataPeer.networks": "networks that may use a pinhole",
  "gateways[].serverSide.dataPeer.networks": "networks that may use a pinhole",
  "gateways[].route.health": "when a server of a pool is down",
  "gateways[].route.health.login": "as whom checks log in",
};

/** An entry of `policies` has the keys of `policy`; a value alone is a list of one. */
export function descriptionOf(path: string): string | undefined {
  const known = (key: string): string | undefined => sectionDescriptions[key] ?? keyDescriptions[key];
  const alike = path.replace(".policies[].", ".policy.").replace(/\.(listen|servers)\./, ".$1[].");
  return known(path) ?? known(alike);
}
