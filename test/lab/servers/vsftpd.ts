import path from "node:path";
import type { Blueprint } from "./blueprint.ts";

export const vsftpd: Blueprint = {
  pam: "vsftpd",
  modes: ["active", "passive"],
  security: ["explicit", "implicit"],
  launch: ({ program, folder, home, port, passivePorts, foreignPorts, mostSessions, tls }) => ({
    command: [program.path, path.join(folder, "vsftpd.conf")],
    files: {
      "vsftpd.conf": [
        "listen_ipv6=YES",
        `listen_port=${port}`,
        "background=NO",
        "local_enable=YES",
        "write_enable=YES",
        "local_umask=022",
        "chroot_local_user=YES",
        "allow_writeable_chroot=YES",
        "pam_service_name=vsftpd",
        "anonymous_enable=YES",
        `anon_root=${home}`,
        "nopriv_user=nobody",
        `secure_chroot_dir=${path.join(folder, "empty")}`,
        "connect_from_port_20=YES",
        `ftp_data_port=${port - 1}`,
        `pasv_min_port=${passivePorts[0]}`,
        `pasv_max_port=${passivePorts[1]}`,
        `port_promiscuous=${foreignPorts ? "YES" : "NO"}`,
        // A data connection that the edge drops must not keep a test waiting for a minute.
        "connect_timeout=2",
        "accept_timeout=5",
        "seccomp_sandbox=NO",
        ...(mostSessions === undefined ? [] : [`max_clients=${mostSessions}`]),
        "xferlog_enable=YES",
        "log_ftp_protocol=YES",
        ...(tls
          ? [
              ...["ssl_enable=YES", "force_local_logins_ssl=NO", "force_local_data_ssl=NO", "require_ssl_reuse=YES"],
              ...["strict_ssl_read_eof=YES", "ssl_ciphers=HIGH", `implicit_ssl=${tls.isImplicit ? "YES" : "NO"}`],
              ...[`rsa_cert_file=${tls.cert}`, `rsa_private_key_file=${tls.key}`],
            ]
          : []),
        `vsftpd_log_file=${path.join(folder, "log")}`,
        "",
      ].join("\n"),
      "empty/.keep": "",
    },
  }),
};
