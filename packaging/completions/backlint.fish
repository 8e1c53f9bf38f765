# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_backlint_global_optspecs
    string join \n snapshot= image= platform= kernel= somaxconn= node= netns= deep assume= after-reboot rules= services= only= skip= waivers= baseline= write-baseline= config= no-config show-config print-waivers f/format= fail-on= strict= h/help V/version
end

function __fish_backlint_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_backlint_global_optspecs) -- $cmd 2>/dev/null
    or argparse -s (__fish_backlint_global_optspecs) -- $cmd '' 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_backlint_using_subcommand
    set -l cmd (__fish_backlint_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c backlint -n "__fish_backlint_needs_command" -l snapshot -d 'Judge this file instead of the host; repeatable, `-` is standard input' -r -F
complete -c backlint -n "__fish_backlint_needs_command" -l image -d 'Look at this container image instead of the host, without running it: an archive of `podman save` or `docker save`, an OCI layout, or a folder that is a root file system' -r -F
complete -c backlint -n "__fish_backlint_needs_command" -l platform -d 'Which image of several, such as linux/arm64 [default: that of this machine]' -r
complete -c backlint -n "__fish_backlint_needs_command" -l kernel -d 'Kernel that its containers will run on, such as 5.3; it decides what a new network namespace starts with [default: the newest that is known]' -r
complete -c backlint -n "__fish_backlint_needs_command" -l somaxconn -d 'net.core.somaxconn that its containers get: that of --sysctl, of a pod\'s securityContext, or with hostNetwork the node\'s own [default: what the kernel starts a network namespace with]' -r
complete -c backlint -n "__fish_backlint_needs_command" -l node -d 'Record of the node that will run it, made by `backlint snapshot`: for its kernel. Its own somaxconn reaches no new network namespace; for a pod with hostNetwork give --somaxconn too' -r -F
complete -c backlint -n "__fish_backlint_needs_command" -l netns -d 'Network namespace to look at: `all`, `self`, a name (below /run/netns, or as the report has it), a PID or an inode; repeatable [default: all as root, else self]' -r
complete -c backlint -n "__fish_backlint_needs_command" -l assume -d 'Say what the verdicts would be if a sysctl had this value: in every namespace that is looked at, or with a namespace\'s name in front only there (`docker/web:net.core.somaxconn=4096`). net.core.somaxconn stands for listeners that listen again under it; repeatable' -r
complete -c backlint -n "__fish_backlint_needs_command" -l rules -d 'Add the rules of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_needs_command" -l services -d 'Add the services of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_needs_command" -l only -d 'Judge by these rules alone: an id (BL101), a name (backlog-truncated) or a family (BL1, BL1xx, ACME); repeatable, or with commas. Takes the place of what the configuration selects' -r
complete -c backlint -n "__fish_backlint_needs_command" -l skip -d 'Leave these rules out, named as for --only; counts after --only, and adds to the configuration\'s' -r
complete -c backlint -n "__fish_backlint_needs_command" -l waivers -d 'Accept the findings that this YAML file lists, with rule, subject and reason, and perhaps a last day; repeatable, adds to the configuration\'s' -r -F
complete -c backlint -n "__fish_backlint_needs_command" -l baseline -d 'Fail only for findings that this file does not have; the others are marked as known' -r -F
complete -c backlint -n "__fish_backlint_needs_command" -l write-baseline -d 'Write the findings that are in force to this file, to be given with --baseline; the run is judged by it, so nothing that was found fails it' -r -F
complete -c backlint -n "__fish_backlint_needs_command" -l config -d 'Take settings from this file, TOML or YAML; without it from the first backlint.toml, .backlint.toml, backlint.yaml or .backlint.yaml from the current directory upwards' -r -F
complete -c backlint -n "__fish_backlint_needs_command" -s f -l format -d 'How to write the report: table, json (schema backlint/report/v1), sarif (2.1.0), junit, github (workflow commands), gitlab (Code Quality), markdown or tap; with a file, there instead of standard output. Repeatable: `-f sarif=out.sarif -f junit=out.xml` prints the table and writes both' -r -f -a "table\t''
json\t''
sarif\t''
junit\t''
github\t''
gitlab\t''
markdown\t''
tap\t''"
complete -c backlint -n "__fish_backlint_needs_command" -l fail-on -d 'Exit with 1 if a finding is at least this severe, and at least this sure: critical, high, medium, low or info, then certain, likely or possible, such as `high:likely`; `never` to report only [default: high]' -r -f -a "critical\t''
high\t''
medium\t''
low\t''
info\t''
never\t''"
complete -c backlint -n "__fish_backlint_needs_command" -l strict -d 'Exit with 3 if something could not be read or evaluated; `--strict=false` undoes what the configuration says' -r -f -a "true\t''
false\t''"
complete -c backlint -n "__fish_backlint_needs_command" -l deep -d 'Search every thread and every descriptor for namespaces that no process is in'
complete -c backlint -n "__fish_backlint_needs_command" -l after-reboot -d 'Say what the verdicts will be after the next boot if nothing else changes: the sysctls of the persistent files, empty queues, and services that listen again. --assume counts after that'
complete -c backlint -n "__fish_backlint_needs_command" -l no-config -d 'Take no settings from a file'
complete -c backlint -n "__fish_backlint_needs_command" -l show-config -d 'Print every setting that is in force, with the place that it comes from, and judge nothing'
complete -c backlint -n "__fish_backlint_needs_command" -l print-waivers -d 'Print a waivers file that would accept all that was found, to be filled in, instead of the report'
complete -c backlint -n "__fish_backlint_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_needs_command" -s V -l version -d 'Print version'
complete -c backlint -n "__fish_backlint_needs_command" -f -a "audit" -d 'Judge this host or a snapshot (the default command)'
complete -c backlint -n "__fish_backlint_needs_command" -f -a "trace" -d 'Run a command, record each listen() of it and all that it starts, and judge what the kernel gave'
complete -c backlint -n "__fish_backlint_needs_command" -f -a "list" -d 'List every listener with its queues, without judging'
complete -c backlint -n "__fish_backlint_needs_command" -f -a "snapshot" -d 'Write what is seen on this host, to be judged later or elsewhere'
complete -c backlint -n "__fish_backlint_needs_command" -f -a "diff" -d 'Compare two records, or reports: findings that are new, fixed or changed, and what explains them'
complete -c backlint -n "__fish_backlint_needs_command" -f -a "patch" -d 'Print the change: a unified diff for a sysctl file, or for Docker, Kubernetes, systemd and others'
complete -c backlint -n "__fish_backlint_needs_command" -f -a "why" -d 'Print what sets a sysctl: every file and line, which wins, and the value after the next boot'
complete -c backlint -n "__fish_backlint_needs_command" -f -a "explain" -d 'Explain a rule, queue, counter, sysctl or service, or work out a listener\'s limits (offline)'
complete -c backlint -n "__fish_backlint_needs_command" -f -a "rules" -d 'Write rules of your own: list, check, test, schema, new'
complete -c backlint -n "__fish_backlint_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l snapshot -d 'Judge this file instead of the host; repeatable, `-` is standard input' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l image -d 'Look at this container image instead of the host, without running it: an archive of `podman save` or `docker save`, an OCI layout, or a folder that is a root file system' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l platform -d 'Which image of several, such as linux/arm64 [default: that of this machine]' -r
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l kernel -d 'Kernel that its containers will run on, such as 5.3; it decides what a new network namespace starts with [default: the newest that is known]' -r
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l somaxconn -d 'net.core.somaxconn that its containers get: that of --sysctl, of a pod\'s securityContext, or with hostNetwork the node\'s own [default: what the kernel starts a network namespace with]' -r
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l node -d 'Record of the node that will run it, made by `backlint snapshot`: for its kernel. Its own somaxconn reaches no new network namespace; for a pod with hostNetwork give --somaxconn too' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l netns -d 'Network namespace to look at: `all`, `self`, a name (below /run/netns, or as the report has it), a PID or an inode; repeatable [default: all as root, else self]' -r
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l assume -d 'Say what the verdicts would be if a sysctl had this value: in every namespace that is looked at, or with a namespace\'s name in front only there (`docker/web:net.core.somaxconn=4096`). net.core.somaxconn stands for listeners that listen again under it; repeatable' -r
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l rules -d 'Add the rules of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l services -d 'Add the services of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l only -d 'Judge by these rules alone: an id (BL101), a name (backlog-truncated) or a family (BL1, BL1xx, ACME); repeatable, or with commas. Takes the place of what the configuration selects' -r
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l skip -d 'Leave these rules out, named as for --only; counts after --only, and adds to the configuration\'s' -r
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l waivers -d 'Accept the findings that this YAML file lists, with rule, subject and reason, and perhaps a last day; repeatable, adds to the configuration\'s' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l baseline -d 'Fail only for findings that this file does not have; the others are marked as known' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l write-baseline -d 'Write the findings that are in force to this file, to be given with --baseline; the run is judged by it, so nothing that was found fails it' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l config -d 'Take settings from this file, TOML or YAML; without it from the first backlint.toml, .backlint.toml, backlint.yaml or .backlint.yaml from the current directory upwards' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand audit" -s f -l format -d 'How to write the report: table, json (schema backlint/report/v1), sarif (2.1.0), junit, github (workflow commands), gitlab (Code Quality), markdown or tap; with a file, there instead of standard output. Repeatable: `-f sarif=out.sarif -f junit=out.xml` prints the table and writes both' -r -f -a "table\t''
json\t''
sarif\t''
junit\t''
github\t''
gitlab\t''
markdown\t''
tap\t''"
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l fail-on -d 'Exit with 1 if a finding is at least this severe, and at least this sure: critical, high, medium, low or info, then certain, likely or possible, such as `high:likely`; `never` to report only [default: high]' -r -f -a "critical\t''
high\t''
medium\t''
low\t''
info\t''
never\t''"
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l strict -d 'Exit with 3 if something could not be read or evaluated; `--strict=false` undoes what the configuration says' -r -f -a "true\t''
false\t''"
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l deep -d 'Search every thread and every descriptor for namespaces that no process is in'
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l after-reboot -d 'Say what the verdicts will be after the next boot if nothing else changes: the sysctls of the persistent files, empty queues, and services that listen again. --assume counts after that'
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l no-config -d 'Take no settings from a file'
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l show-config -d 'Print every setting that is in force, with the place that it comes from, and judge nothing'
complete -c backlint -n "__fish_backlint_using_subcommand audit" -l print-waivers -d 'Print a waivers file that would accept all that was found, to be filled in, instead of the report'
complete -c backlint -n "__fish_backlint_using_subcommand audit" -s h -l help -d 'Print help'
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l for -d 'End the command after this time: 500ms, 10s, 2m or 1h; SIGTERM first, SIGKILL five seconds later. With --host only the watching ends' -r
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l until-listening -d 'End it once so many sockets began to listen, or one at an address: `2`, `0.0.0.0:80`, `:80` for any address (`80` is eighty listeners), `/run/x.sock`, `@abstract`; repeatable, or with commas: then once all of them came true' -r
complete -c backlint -n "__fish_backlint_using_subcommand trace" -s o -l output -d 'Write what was seen to this file, to be judged again; JSON where it ends in .json, else YAML' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l merge -d 'Put the requests that were seen into this record, and judge that; write it with -o, to the same file if you like. Requests that differ, and listeners that are new or another program\'s, are told' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l sysctl -d 'Give a sysctl this value in the new network namespace before the command starts; repeatable' -r
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l assume -d 'Say what the verdicts would be if a sysctl had this value: in every namespace that is looked at, or with a namespace\'s name in front only there (`docker/web:net.core.somaxconn=4096`). net.core.somaxconn stands for listeners that listen again under it; repeatable' -r
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l rules -d 'Add the rules of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l services -d 'Add the services of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l only -d 'Judge by these rules alone: an id (BL101), a name (backlog-truncated) or a family (BL1, BL1xx, ACME); repeatable, or with commas. Takes the place of what the configuration selects' -r
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l skip -d 'Leave these rules out, named as for --only; counts after --only, and adds to the configuration\'s' -r
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l waivers -d 'Accept the findings that this YAML file lists, with rule, subject and reason, and perhaps a last day; repeatable, adds to the configuration\'s' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l baseline -d 'Fail only for findings that this file does not have; the others are marked as known' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l write-baseline -d 'Write the findings that are in force to this file, to be given with --baseline; the run is judged by it, so nothing that was found fails it' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l config -d 'Take settings from this file, TOML or YAML; without it from the first backlint.toml, .backlint.toml, backlint.yaml or .backlint.yaml from the current directory upwards' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand trace" -s f -l format -d 'How to write the report: table, json (schema backlint/report/v1), sarif (2.1.0), junit, github (workflow commands), gitlab (Code Quality), markdown or tap; with a file, there instead of standard output. Repeatable: `-f sarif=out.sarif -f junit=out.xml` prints the table and writes both' -r -f -a "table\t''
json\t''
sarif\t''
junit\t''
github\t''
gitlab\t''
markdown\t''
tap\t''"
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l fail-on -d 'Exit with 1 if a finding is at least this severe, and at least this sure: critical, high, medium, low or info, then certain, likely or possible, such as `high:likely`; `never` to report only [default: high]' -r -f -a "critical\t''
high\t''
medium\t''
low\t''
info\t''
never\t''"
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l strict -d 'Exit with 3 if something could not be read or evaluated; `--strict=false` undoes what the configuration says' -r -f -a "true\t''
false\t''"
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l host -d 'Run nothing, and watch all processes of this host instead, as root, until --for, --until-listening or Ctrl-C ends it'
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l command-status -d 'Exit with the status of the command instead of the audit\'s'
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l new-netns -d 'Run the command in a network namespace of its own: only loopback, and the kernel\'s defaults'
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l after-reboot -d 'Say what the verdicts will be after the next boot if nothing else changes: the sysctls of the persistent files, empty queues, and services that listen again. --assume counts after that'
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l no-config -d 'Take no settings from a file'
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l show-config -d 'Print every setting that is in force, with the place that it comes from, and judge nothing'
complete -c backlint -n "__fish_backlint_using_subcommand trace" -l print-waivers -d 'Print a waivers file that would accept all that was found, to be filled in, instead of the report'
complete -c backlint -n "__fish_backlint_using_subcommand trace" -s h -l help -d 'Print help'
complete -c backlint -n "__fish_backlint_using_subcommand list" -l snapshot -d 'Judge this file instead of the host; repeatable, `-` is standard input' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand list" -l image -d 'Look at this container image instead of the host, without running it: an archive of `podman save` or `docker save`, an OCI layout, or a folder that is a root file system' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand list" -l platform -d 'Which image of several, such as linux/arm64 [default: that of this machine]' -r
complete -c backlint -n "__fish_backlint_using_subcommand list" -l kernel -d 'Kernel that its containers will run on, such as 5.3; it decides what a new network namespace starts with [default: the newest that is known]' -r
complete -c backlint -n "__fish_backlint_using_subcommand list" -l somaxconn -d 'net.core.somaxconn that its containers get: that of --sysctl, of a pod\'s securityContext, or with hostNetwork the node\'s own [default: what the kernel starts a network namespace with]' -r
complete -c backlint -n "__fish_backlint_using_subcommand list" -l node -d 'Record of the node that will run it, made by `backlint snapshot`: for its kernel. Its own somaxconn reaches no new network namespace; for a pod with hostNetwork give --somaxconn too' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand list" -l netns -d 'Network namespace to look at: `all`, `self`, a name (below /run/netns, or as the report has it), a PID or an inode; repeatable [default: all as root, else self]' -r
complete -c backlint -n "__fish_backlint_using_subcommand list" -l assume -d 'Say what the verdicts would be if a sysctl had this value: in every namespace that is looked at, or with a namespace\'s name in front only there (`docker/web:net.core.somaxconn=4096`). net.core.somaxconn stands for listeners that listen again under it; repeatable' -r
complete -c backlint -n "__fish_backlint_using_subcommand list" -l services -d 'Add the services of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand list" -l config -d 'Take settings from this file, TOML or YAML; without it from the first backlint.toml, .backlint.toml, backlint.yaml or .backlint.yaml from the current directory upwards' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand list" -l format -d 'How to write the list' -r -f -a "table\t'Columns for people'
json\t'JSON, schema backlint/list/v1'"
complete -c backlint -n "__fish_backlint_using_subcommand list" -l sort -d 'Order of the rows' -r -f -a "address\t'Protocol, port, address'
len\t'Most connections waiting first'
max\t'Smallest maximum first'
fill\t'Fullest first, as a share of the capacity'
syn\t'Longest SYN queue first'
drops\t'Most drops first'
process\t'Name of the process'"
complete -c backlint -n "__fish_backlint_using_subcommand list" -l protocol -d 'Only this protocol; repeatable' -r -f -a "tcp\t''
mptcp\t''
sctp\t''
sctp-seqpacket\t''
unix\t''
unix-seqpacket\t''
vsock\t''"
complete -c backlint -n "__fish_backlint_using_subcommand list" -l port -d 'Only this port; repeatable' -r
complete -c backlint -n "__fish_backlint_using_subcommand list" -l process -d 'Only listeners held by a process of this name, pid, executable, unit or container; repeatable' -r
complete -c backlint -n "__fish_backlint_using_subcommand list" -l deep -d 'Search every thread and every descriptor for namespaces that no process is in'
complete -c backlint -n "__fish_backlint_using_subcommand list" -l after-reboot -d 'Say what the verdicts will be after the next boot if nothing else changes: the sysctls of the persistent files, empty queues, and services that listen again. --assume counts after that'
complete -c backlint -n "__fish_backlint_using_subcommand list" -l no-config -d 'Take no settings from a file'
complete -c backlint -n "__fish_backlint_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l snapshot -d 'Write this record again instead of one of the host; `-` is standard input' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l image -d 'Look at this container image instead of the host, without running it: an archive of `podman save` or `docker save`, an OCI layout, or a folder that is a root file system' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l platform -d 'Which image of several, such as linux/arm64 [default: that of this machine]' -r
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l kernel -d 'Kernel that its containers will run on, such as 5.3; it decides what a new network namespace starts with [default: the newest that is known]' -r
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l somaxconn -d 'net.core.somaxconn that its containers get: that of --sysctl, of a pod\'s securityContext, or with hostNetwork the node\'s own [default: what the kernel starts a network namespace with]' -r
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l node -d 'Record of the node that will run it, made by `backlint snapshot`: for its kernel. Its own somaxconn reaches no new network namespace; for a pod with hostNetwork give --somaxconn too' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l netns -d 'Network namespace to look at: `all`, `self`, a name (below /run/netns, or as the report has it), a PID or an inode; repeatable [default: all as root, else self]' -r
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l rules -d 'Add the rules of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l services -d 'Add the services of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l config -d 'Take settings from this file, TOML or YAML; without it from the first backlint.toml, .backlint.toml, backlint.yaml or .backlint.yaml from the current directory upwards' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -s o -l output -d 'File to write; standard output without it' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l format -d 'How to write; by default JSON for a file that ends in .json, else YAML' -r -f -a "yaml\t'YAML'
json\t'JSON'"
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l deep -d 'Search every thread and every descriptor for namespaces that no process is in'
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l no-config -d 'Take no settings from a file'
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l redact -d 'Replace what is private with placeholders: names of hosts, users, containers and programs of your own, addresses, ids, paths, comments in files. Findings stay what they are'
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l minimal -d 'Keep only what the findings rest on'
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -l schema -d 'Print the JSON Schema of records instead'
complete -c backlint -n "__fish_backlint_using_subcommand snapshot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand diff" -l rules -d 'Add the rules of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand diff" -l services -d 'Add the services of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand diff" -l format -d 'How to write the difference' -r -f -a "table\t'Text for people'
json\t'JSON, schema backlint/diff/v1'"
complete -c backlint -n "__fish_backlint_using_subcommand diff" -l only -d 'Judge by these rules alone: an id (BL101), a name (backlog-truncated) or a family (BL1, BL1xx, ACME); repeatable, or with commas. Takes the place of what the configuration selects' -r
complete -c backlint -n "__fish_backlint_using_subcommand diff" -l skip -d 'Leave these rules out, named as for --only; counts after --only, and adds to the configuration\'s' -r
complete -c backlint -n "__fish_backlint_using_subcommand diff" -l waivers -d 'Accept the findings that this YAML file lists, with rule, subject and reason, and perhaps a last day; repeatable, adds to the configuration\'s' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand diff" -l config -d 'Take settings from this file, TOML or YAML; without it from the first backlint.toml, .backlint.toml, backlint.yaml or .backlint.yaml from the current directory upwards' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand diff" -l fail-on -d 'Exit with 1 if a new finding is at least this severe, and at least this sure; as for `audit` [default: high]' -r -f -a "critical\t''
high\t''
medium\t''
low\t''
info\t''
never\t''"
complete -c backlint -n "__fish_backlint_using_subcommand diff" -l no-config -d 'Take no settings from a file'
complete -c backlint -n "__fish_backlint_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l snapshot -d 'Judge this file instead of the host; repeatable, `-` is standard input' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l image -d 'Look at this container image instead of the host, without running it: an archive of `podman save` or `docker save`, an OCI layout, or a folder that is a root file system' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l platform -d 'Which image of several, such as linux/arm64 [default: that of this machine]' -r
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l kernel -d 'Kernel that its containers will run on, such as 5.3; it decides what a new network namespace starts with [default: the newest that is known]' -r
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l somaxconn -d 'net.core.somaxconn that its containers get: that of --sysctl, of a pod\'s securityContext, or with hostNetwork the node\'s own [default: what the kernel starts a network namespace with]' -r
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l node -d 'Record of the node that will run it, made by `backlint snapshot`: for its kernel. Its own somaxconn reaches no new network namespace; for a pod with hostNetwork give --somaxconn too' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l netns -d 'Network namespace to look at: `all`, `self`, a name (below /run/netns, or as the report has it), a PID or an inode; repeatable [default: all as root, else self]' -r
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l assume -d 'Say what the verdicts would be if a sysctl had this value: in every namespace that is looked at, or with a namespace\'s name in front only there (`docker/web:net.core.somaxconn=4096`). net.core.somaxconn stands for listeners that listen again under it; repeatable' -r
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l rules -d 'Add the rules of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l services -d 'Add the services of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l only -d 'Judge by these rules alone: an id (BL101), a name (backlog-truncated) or a family (BL1, BL1xx, ACME); repeatable, or with commas. Takes the place of what the configuration selects' -r
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l skip -d 'Leave these rules out, named as for --only; counts after --only, and adds to the configuration\'s' -r
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l waivers -d 'Accept the findings that this YAML file lists, with rule, subject and reason, and perhaps a last day; repeatable, adds to the configuration\'s' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l config -d 'Take settings from this file, TOML or YAML; without it from the first backlint.toml, .backlint.toml, backlint.yaml or .backlint.yaml from the current directory upwards' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l for -d 'Whom to write the change for: the host\'s sysctl files, or whatever makes the containers' -r -f -a "sysctl-conf\t'The host\'s sysctl files, where it counts at boot, as a unified diff'
drop-in\t'A file of its own in /etc/sysctl.d, as a unified diff'
docker\t'`docker run` with the --sysctl flags of each container'
compose\t'A Compose file that adds `sysctls:` to services'
kubernetes\t'securityContext.sysctls of pods, and the kubelet\'s allow-list'
podman\t'`podman run` with the --sysctl flags of each container'
quadlet\t'Drop-ins with `Sysctl=` for Podman\'s .container files, as a diff'
systemd\t'Drop-ins for .socket units and for services with a namespace of their own, as a diff'
ansible\t'A playbook that sets the sysctls and restarts the services'
openshift-tuned\t'A Tuned resource for OpenShift\'s nodes'
bottlerocket\t'Settings of Bottlerocket\'s nodes, as TOML'"
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l root -d 'Root directory whose sysctl files are changed' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l file -d 'File below the root to change, instead of the one that counts at boot' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l deep -d 'Search every thread and every descriptor for namespaces that no process is in'
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l after-reboot -d 'Say what the verdicts will be after the next boot if nothing else changes: the sysctls of the persistent files, empty queues, and services that listen again. --assume counts after that'
complete -c backlint -n "__fish_backlint_using_subcommand patch" -l no-config -d 'Take no settings from a file'
complete -c backlint -n "__fish_backlint_using_subcommand patch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand why" -l root -d 'Look at the files below this directory, such as a mounted image, instead of this host\'s' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand why" -l snapshot -d 'Look at the files that this snapshot recorded; `-` is standard input' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand why" -l format -d 'How to write the answer' -r -f -a "table\t'Text for people'
json\t'JSON, schema backlint/why/v1; a list for several keys'"
complete -c backlint -n "__fish_backlint_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand explain; and not __fish_seen_subcommand_from queue" -l format -d 'How to write the pages' -r -f -a "text\t'Text for people'
json\t'JSON, schema backlint/explain/v1, or backlint/queue/v1 of `queue`'"
complete -c backlint -n "__fish_backlint_using_subcommand explain; and not __fish_seen_subcommand_from queue" -l rules -d 'Add the rules of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand explain; and not __fish_seen_subcommand_from queue" -l services -d 'Add the services of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand explain; and not __fish_seen_subcommand_from queue" -l config -d 'Take settings from this file, TOML or YAML; without it from the first backlint.toml, .backlint.toml, backlint.yaml or .backlint.yaml from the current directory upwards' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand explain; and not __fish_seen_subcommand_from queue" -l no-config -d 'Take no settings from a file'
complete -c backlint -n "__fish_backlint_using_subcommand explain; and not __fish_seen_subcommand_from queue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand explain; and not __fish_seen_subcommand_from queue" -a "queue" -d 'Work out the limits of a listener\'s queues, step by step, for a kernel'
complete -c backlint -n "__fish_backlint_using_subcommand explain; and __fish_seen_subcommand_from queue" -l backlog -d 'What the program passes to listen(2); negative is as much as there is [default: 4096, glibc\'s SOMAXCONN]' -r
complete -c backlint -n "__fish_backlint_using_subcommand explain; and __fish_seen_subcommand_from queue" -l somaxconn -d 'net.core.somaxconn [default: the kernel\'s own, 4096 since Linux 5.4 and 128 before]' -r
complete -c backlint -n "__fish_backlint_using_subcommand explain; and __fish_seen_subcommand_from queue" -l max-syn-backlog -d 'net.ipv4.tcp_max_syn_backlog [default: that of a machine with some 24 GiB, 2048 since Linux 5.4 and 1024 before]' -r
complete -c backlint -n "__fish_backlint_using_subcommand explain; and __fish_seen_subcommand_from queue" -l syncookies -d 'net.ipv4.tcp_syncookies [default: 1]' -r
complete -c backlint -n "__fish_backlint_using_subcommand explain; and __fish_seen_subcommand_from queue" -l kernel -d 'The kernel\'s version, such as 3.10 or what `uname -r` prints [default: the newest that was measured]' -r
complete -c backlint -n "__fish_backlint_using_subcommand explain; and __fish_seen_subcommand_from queue" -l format -d 'How to write the answer' -r -f -a "text\t'Text for people'
json\t'JSON, schema backlint/explain/v1, or backlint/queue/v1 of `queue`'"
complete -c backlint -n "__fish_backlint_using_subcommand explain; and __fish_seen_subcommand_from queue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and not __fish_seen_subcommand_from list check test schema new help" -s h -l help -d 'Print help'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and not __fish_seen_subcommand_from list check test schema new help" -f -a "list" -d 'List the rules in force'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and not __fish_seen_subcommand_from list check test schema new help" -f -a "check" -d 'Say everything that is wrong with rules and cases files'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and not __fish_seen_subcommand_from list check test schema new help" -f -a "test" -d 'Run the cases of rules'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and not __fish_seen_subcommand_from list check test schema new help" -f -a "schema" -d 'Print the JSON Schema of rules or of cases, or all fields and names as Markdown'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and not __fish_seen_subcommand_from list check test schema new help" -f -a "new" -d 'Write a rule to begin with, and its cases'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and not __fish_seen_subcommand_from list check test schema new help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from list" -l rules -d 'Add the rules of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from list" -l format -d 'How to write the list' -r -f -a "table\t'Columns for people'
json\t'JSON, schema backlint/rules/v1'"
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from check" -l format -d 'How to write what is wrong' -r -f -a "text\t'Text for people, on standard error'
json\t'JSON, schema backlint/diagnostics/v1, on standard output'"
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from check" -l alone -d 'Leave the built-in rules aside: their ids and names are free then'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from test" -l services -d 'Add the services of this YAML file or folder to the built-in ones; repeatable' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from schema" -l for -d 'What to describe' -r -f -a "rule\t'A rule'
cases\t'A cases file'"
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from schema" -l format -d 'How to write it' -r -f -a "json\t'JSON Schema, draft 2020-12'
markdown\t'A table of all fields, and for rules of all names that expressions may use'"
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from new" -l id -d 'Its id: capital letters of your own and a number [default: the first free one from ACME101 on]' -r
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from new" -l scope -d 'What it is evaluated for' -r -f -a "listener\t'once for each listener'
netns\t'once for each network namespace'
setting\t'once for each sysctl of the machine that a file sets or that the record has a value of'
host\t'once'"
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from new" -l dir -d 'The folder to write to' -r -F
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the rules in force'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "check" -d 'Say everything that is wrong with rules and cases files'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "test" -d 'Run the cases of rules'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "schema" -d 'Print the JSON Schema of rules or of cases, or all fields and names as Markdown'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "new" -d 'Write a rule to begin with, and its cases'
complete -c backlint -n "__fish_backlint_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c backlint -n "__fish_backlint_using_subcommand help; and not __fish_seen_subcommand_from audit trace list snapshot diff patch why explain rules help" -f -a "audit" -d 'Judge this host or a snapshot (the default command)'
complete -c backlint -n "__fish_backlint_using_subcommand help; and not __fish_seen_subcommand_from audit trace list snapshot diff patch why explain rules help" -f -a "trace" -d 'Run a command, record each listen() of it and all that it starts, and judge what the kernel gave'
complete -c backlint -n "__fish_backlint_using_subcommand help; and not __fish_seen_subcommand_from audit trace list snapshot diff patch why explain rules help" -f -a "list" -d 'List every listener with its queues, without judging'
complete -c backlint -n "__fish_backlint_using_subcommand help; and not __fish_seen_subcommand_from audit trace list snapshot diff patch why explain rules help" -f -a "snapshot" -d 'Write what is seen on this host, to be judged later or elsewhere'
complete -c backlint -n "__fish_backlint_using_subcommand help; and not __fish_seen_subcommand_from audit trace list snapshot diff patch why explain rules help" -f -a "diff" -d 'Compare two records, or reports: findings that are new, fixed or changed, and what explains them'
complete -c backlint -n "__fish_backlint_using_subcommand help; and not __fish_seen_subcommand_from audit trace list snapshot diff patch why explain rules help" -f -a "patch" -d 'Print the change: a unified diff for a sysctl file, or for Docker, Kubernetes, systemd and others'
complete -c backlint -n "__fish_backlint_using_subcommand help; and not __fish_seen_subcommand_from audit trace list snapshot diff patch why explain rules help" -f -a "why" -d 'Print what sets a sysctl: every file and line, which wins, and the value after the next boot'
complete -c backlint -n "__fish_backlint_using_subcommand help; and not __fish_seen_subcommand_from audit trace list snapshot diff patch why explain rules help" -f -a "explain" -d 'Explain a rule, queue, counter, sysctl or service, or work out a listener\'s limits (offline)'
complete -c backlint -n "__fish_backlint_using_subcommand help; and not __fish_seen_subcommand_from audit trace list snapshot diff patch why explain rules help" -f -a "rules" -d 'Write rules of your own: list, check, test, schema, new'
complete -c backlint -n "__fish_backlint_using_subcommand help; and not __fish_seen_subcommand_from audit trace list snapshot diff patch why explain rules help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c backlint -n "__fish_backlint_using_subcommand help; and __fish_seen_subcommand_from explain" -f -a "queue" -d 'Work out the limits of a listener\'s queues, step by step, for a kernel'
complete -c backlint -n "__fish_backlint_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "list" -d 'List the rules in force'
complete -c backlint -n "__fish_backlint_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "check" -d 'Say everything that is wrong with rules and cases files'
complete -c backlint -n "__fish_backlint_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "test" -d 'Run the cases of rules'
complete -c backlint -n "__fish_backlint_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "schema" -d 'Print the JSON Schema of rules or of cases, or all fields and names as Markdown'
complete -c backlint -n "__fish_backlint_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "new" -d 'Write a rule to begin with, and its cases'
