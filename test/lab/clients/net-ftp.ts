// Perl's Net::FTP, as a script that reads its steps as JSON. It is active unless it is told otherwise.
import { allKinds, bothFamilies, bothModes, launch, patienceSeconds, type Client } from "./client.ts";

const script = `
use strict; use warnings; use Net::FTP; use JSON::PP;
$| = 1;
my $visit = decode_json(do { local $/; <STDIN> });
my $ftp = Net::FTP->new($visit->{host}, Port => $visit->{port}, Timeout => $visit->{patience},
  Passive => $visit->{mode} eq "passive" ? 1 : 0, Debug => 1) or die "no connection: $@";
$ftp->login($visit->{user}, $visit->{password}) or die "no login";
$ftp->binary;
for my $step (@{$visit->{steps}}) {
  my $kind = $step->{kind};
  my $done = $kind eq "list" ? do { my @lines = $ftp->dir; print "$_\\n" for @lines; 1 }
    : $kind eq "download" ? $ftp->get($step->{remote}, $step->{local})
    : $kind eq "resume" ? $ftp->get($step->{remote}, $step->{local}, -s $step->{local})
    : $kind eq "upload" ? $ftp->put($step->{local}, $step->{remote})
    : $kind eq "rename" ? $ftp->rename($step->{from}, $step->{to})
    : $ftp->delete($step->{remote});
  print "failed: $kind\\n" unless $done;
}
$ftp->quit;
`;

export const netFtp: Client = {
  program: "perl",
  modes: bothModes,
  families: bothFamilies,
  kinds: allKinds,
  anyBytes: true,
  play: (visit) => {
    const { mode, host, port, user, password, steps } = visit;
    const told = { mode, host, port, user, password, steps, patience: patienceSeconds };
    // JSON escapes keep the input ASCII.
    const input = JSON.stringify(told).replace(
      /[^ -~]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    return launch(visit, ["-e", script], input);
  },
};
