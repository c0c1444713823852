#!/usr/bin/perl
#
# Makes a small MMDB database of any shape from lines of JSON:
#
#     {"network": "192.0.2.0/24", "record": {"country": {"iso_code": "AT"}}}
#
#     perl make.pl out.mmdb --type GeoLite2-Country --ip-version 6 < lines
#
# Options: --type NAME, --ip-version 4|6 (6), --record-size 24|28|32 (24),
# --epoch SECONDS (now), --no-alias (no ::ffff:0:0/96, 2002::/16 and the like).
# Later lines overwrite earlier ones where they overlap. Private and reserved
# networks are networks like all others. In records numbers become uint32 (or
# uint64, int32, double as they need), true and false booleans.
#
# The file is written beside its place and renamed.
#
use strict;
use warnings;

use B ();
use Getopt::Long qw(GetOptions);
use JSON::PP ();
use MaxMind::DB::Writer::Tree;

my %option = (
    'type'        => 'Test-Country',
    'ip-version'  => 6,
    'record-size' => 24,
);

GetOptions(\%option, 'type=s', 'ip-version=i', 'record-size=i', 'epoch=i',
           'no-alias')
    && @ARGV == 1
    or die "usage: make.pl out.mmdb [--type NAME] [--ip-version 4|6] "
         . "[--record-size 24|28|32] [--epoch SECONDS] [--no-alias] < lines\n";

my $out = shift;

my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version               => $option{'ip-version'},
    record_size              => $option{'record-size'},
    database_type            => $option{'type'},
    languages                => ['en'],
    description              => { en => 'made for tests' },
    alias_ipv6_to_ipv4       => $option{'ip-version'} == 6
                                && !$option{'no-alias'} ? 1 : 0,
    remove_reserved_networks => 0,
    map_key_type_callback    => sub { type_of($_[1]) },
);

$tree->_set_build_epoch($option{epoch}) if defined $option{epoch};

while (my $line = <STDIN>) {
    next if $line !~ /\S/;

    my $entry = eval { JSON::PP->new->utf8->decode($line) };

    die "line $.: not {\"network\": \"...\", \"record\": {...}}\n"
        unless ref $entry eq 'HASH'
            && defined $entry->{network} && ref $entry->{record} eq 'HASH';

    $tree->insert_network($entry->{network}, plain($entry->{record}));
}

open my $fh, '>:raw', "$out.new" or die "$out.new: $!\n";
$tree->write_tree($fh);
close $fh               or die "$out.new: $!\n";
rename "$out.new", $out or die "$out: $!\n";


# How the writer is to store a value; an array's members must be alike.
sub type_of {
    my ($value) = @_;

    return 'map' if ref $value eq 'HASH';

    if (ref $value eq 'ARRAY') {
        return ['array', @$value ? type_of($value->[0]) : 'utf8_string'];
    }

    return 'boolean' if ref $value eq 'SCALAR';
    return 'utf8_string' unless is_number($value);
    return 'double' if $value != int $value;
    return 'int32'  if $value < 0;
    return $value > 0xffffffff ? 'uint64' : 'uint32';
}


# "13" is text and 13 is a number: JSON::PP keeps that in the scalar's flags.
sub is_number {
    my ($value) = @_;

    my $flags = B::svref_2object(\$value)->FLAGS;

    return $flags & (B::SVp_IOK | B::SVp_NOK) && !($flags & B::SVp_POK);
}


# JSON's booleans as what the writer takes for one.
sub plain {
    my ($value) = @_;

    return { map { $_ => plain($value->{$_}) } keys %$value }
        if ref $value eq 'HASH';

    return [ map { plain($_) } @$value ] if ref $value eq 'ARRAY';

    return \($value ? 1 : 0) if JSON::PP::is_bool($value);

    return $value;
}
