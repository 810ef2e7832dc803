/**
 * The unit by which systemd runs a daemon: as a service of the system, under a user of its own and shut in as far as
 * that goes, or as one of the user who asks.
 */
export interface UnitOptions {
  /** Node, and the daemon's script. Absolute. */
  readonly command: readonly [node: string, script: string];
  /** The daemon's own. Absolute. */
  readonly folder: string;
  /** Applied at each start, and by `systemctl reload`. Absolute. */
  readonly file?: string | undefined;
  /** Undefined: a unit of the user who asks. */
  readonly user: string | undefined;
}

/** What makes each of them so, and what is left open, stands beside it in the unit. */
const SHUT_IN = `StateDirectory=espalier
StateDirectoryMode=0700
# It sees the system read-only, beside its own folder, and no home but to read modules there.
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
CapabilityBoundingSet=
AmbientCapabilities=
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictRealtime=yes
# @mount is for cells with a mount namespace of their own. Not set, as cells need them: RestrictNamespaces,
# ProtectControlGroups. Not set, as V8 compiles while it runs: MemoryDenyWriteExecute.
SystemCallFilter=@system-service @mount
SystemCallErrorNumber=EPERM
`;

export function unitText({ command, folder, file, user }: UnitOptions): string {
  const words = [...command, '--folder', folder, ...(file === undefined ? [] : [file])];
  return `[Unit]
Description=Espalier: a tree of supervised environments
${user === undefined ? '' : 'Wants=network-online.target\nAfter=network-online.target\n'}
[Service]
Type=notify
# systemd-notify speaks for the daemon.
NotifyAccess=all
ExecStart=${words.map(quoted).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1
TimeoutStartSec=300
TimeoutStopSec=60
# The daemon ends its processes itself, each in its own time.
KillMode=mixed
UMask=0077
# So that cells have cgroups of their own, which hold their memory and processors.
Delegate=yes
NoNewPrivileges=yes
LockPersonality=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
${user === undefined ? '' : `User=${user}\n${SHUT_IN}`}
[Install]
WantedBy=${user === undefined ? 'default.target' : 'multi-user.target'}
`;
}

/** As systemd reads words: % begins a specifier, $ a variable. */
function quoted(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (!/[\s"'\\;]/.test(escaped)) return escaped;
  return `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
