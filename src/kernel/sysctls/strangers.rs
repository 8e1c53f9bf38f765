//! Names of sysctls that the catalogue says nothing of, of kernels from 3.10 to 6.18: what is here is
//! no misspelling. From the files below /proc/sys, and of older kernels from
//! Documentation/networking/ip-sysctl.rst and Documentation/admin-guide/sysctl/.

use std::sync::LazyLock;

/// Subtrees and the names below each, with blanks between.
const NAMES: [(&str, &str); 16] = [
    (
        "net.core",
        "bypass_prot_mem devconf_inherit_init_net fb_tunnels_only_for_init_net \
         flow_limit_cpu_bitmap gro_normal_batch high_order_alloc_disable max_skb_frags mem_pcpu_rsv \
         netdev_rss_key netdev_unregister_timeout_secs rps_default_mask tstamp_allow_data \
         xfrm_aevent_etime xfrm_aevent_rseqth xfrm_larval_drop",
    ),
    (
        "net.ipv4",
        "cipso_cache_bucket_size cipso_cache_enable cipso_rbm_optfmt cipso_rbm_strictvalid \
         fib_multipath_hash_fields fib_multipath_hash_policy fib_multipath_hash_seed \
         fib_multipath_use_neigh fib_notify_on_flag_change fib_sync_mem fwmark_reflect \
         icmp_echo_enable_probe icmp_errors_extension_mask icmp_errors_use_inbound_ifaddr \
         igmp_link_local_mcast_reports igmp_max_msf igmp_qrv inet_peer_gc_maxtime \
         inet_peer_gc_mintime inet_peer_maxttl inet_peer_minttl inet_peer_threshold \
         ip_forward_update_priority ip_forward_use_pmtu ip_local_unbindable_ports \
         ipfrag_high_thresh ipfrag_low_thresh ipfrag_max_dist ipfrag_secret_interval ipfrag_time \
         nexthop_compat_mode raw_l3mdev_accept reserved_port_bind rt_cache_rebuild_count \
         tcp_app_win tcp_backlog_ack_defer tcp_comp_sack_delay_ns tcp_comp_sack_nr \
         tcp_comp_sack_rtt_percent tcp_comp_sack_slack_ns tcp_default_init_rwnd tcp_delack_seg \
         tcp_dma_copybreak tcp_early_demux tcp_ecn_option tcp_ecn_option_beacon tcp_max_reordering \
         tcp_max_ssthresh tcp_min_rtt_wlen tcp_min_snd_mss tcp_min_tso_segs tcp_mtu_probe_floor \
         tcp_no_ssthresh_metrics_save tcp_pacing_ca_ratio tcp_pacing_ss_ratio tcp_pingpong_thresh \
         tcp_plb_cong_thresh tcp_plb_enabled tcp_plb_idle_rehash_rounds tcp_plb_rehash_rounds \
         tcp_plb_suspend_rto_sec tcp_probe_interval tcp_probe_threshold tcp_rcvbuf_low_rtt \
         tcp_recovery tcp_retrans_collapse tcp_rx_skb_cache tcp_shrink_window tcp_tso_rtt_log \
         tcp_tx_skb_cache tcp_use_userconfig tcp_workaround_signed_windows udp_child_hash_entries \
         udp_early_demux udp_hash_entries udp_l3mdev_accept xfrm4_gc_thresh",
    ),
    (
        "net.ipv4.route",
        "error_burst error_cost flush gc_elasticity gc_interval gc_min_interval gc_min_interval_ms \
         gc_thresh gc_timeout max_delay max_size min_adv_mss min_delay min_pmtu mtu_expires \
         redirect_load redirect_number redirect_silence secret_interval",
    ),
    (
        "net.ipv6",
        "anycast_src_echo_reply auto_flowlabels calipso_cache_bucket_size calipso_cache_enable \
         fib_multipath_hash_fields fib_multipath_hash_policy fib_notify_on_flag_change \
         flowlabel_consistency flowlabel_reflect flowlabel_state_ranges fwmark_reflect idgen_delay \
         idgen_retries ioam6_id ioam6_id_wide ip6frag_high_thresh ip6frag_low_thresh \
         ip6frag_secret_interval ip6frag_time max_dst_opts_length max_dst_opts_number \
         max_hbh_length max_hbh_opts_number mld_max_msf mld_qrv seg6_flowlabel xfrm6_gc_thresh",
    ),
    (
        "net.ipv6.icmp",
        "echo_ignore_all echo_ignore_anycast echo_ignore_multicast error_anycast_as_unicast \
         ratelimit ratemask",
    ),
    (
        "net.ipv6.route",
        "flush gc_elasticity gc_interval gc_min_interval gc_min_interval_ms gc_thresh gc_timeout \
         max_size min_adv_mss mtu_expires skip_notify_on_dev_down",
    ),
    (
        "net.mptcp",
        "add_addr_timeout allow_join_initial_addr_port available_path_managers available_schedulers \
         blackhole_timeout checksum_enabled close_timeout enabled path_manager pm_type scheduler \
         stale_loss_cnt syn_retrans_before_tcp_fallback",
    ),
    (
        "net.netfilter",
        "nf_conntrack_dccp_loose nf_conntrack_dccp_timeout_closereq \
         nf_conntrack_dccp_timeout_closing nf_conntrack_dccp_timeout_open \
         nf_conntrack_dccp_timeout_partopen nf_conntrack_dccp_timeout_request \
         nf_conntrack_dccp_timeout_respond nf_conntrack_dccp_timeout_timewait nf_conntrack_events \
         nf_conntrack_events_retry_timeout nf_conntrack_frag6_high_thresh \
         nf_conntrack_frag6_low_thresh nf_conntrack_frag6_timeout nf_conntrack_gre_timeout \
         nf_conntrack_gre_timeout_stream nf_conntrack_helper nf_conntrack_icmpv6_timeout \
         nf_conntrack_log_invalid nf_conntrack_sctp_timeout_closed \
         nf_conntrack_sctp_timeout_cookie_echoed nf_conntrack_sctp_timeout_cookie_wait \
         nf_conntrack_sctp_timeout_established nf_conntrack_sctp_timeout_heartbeat_acked \
         nf_conntrack_sctp_timeout_heartbeat_sent nf_conntrack_sctp_timeout_shutdown_ack_sent \
         nf_conntrack_sctp_timeout_shutdown_recd nf_conntrack_sctp_timeout_shutdown_sent \
         nf_conntrack_tcp_ignore_invalid_rst nf_conntrack_tcp_no_window_check \
         nf_conntrack_timestamp nf_conntrack_udplite_timeout nf_conntrack_udplite_timeout_stream \
         nf_flowtable_tcp_pickup nf_flowtable_tcp_timeout nf_flowtable_udp_pickup \
         nf_flowtable_udp_timeout nf_hooks_lwtunnel nf_log_all_netns",
    ),
    (
        "fs",
        "binfmt_misc dentry-negative dentry-state dir-notify-enable dquot-max dquot-nr inode-max \
         inode-nr inode-state lease-break-time leases-enable mount-max overflowgid overflowuid \
         pipe-max-pages pipe-user-pages-hard pipe-user-pages-soft super-max super-nr",
    ),
    (
        "fs.fanotify",
        "max_queued_events max_user_groups max_user_marks watchdog_timeout",
    ),
    ("fs.mqueue", "msg_default msgsize_default"),
    (
        "kernel",
        "acct acpi_video_flags apparmor_display_secid_mode \
         apparmor_restrict_unprivileged_unconfined apparmor_restrict_unprivileged_userns arch \
         auto_msgmni bootloader_type bootloader_version bpf_stats_enabled cad_pid cap-bound \
         cap_last_cap core_file_note_size_limit core_modes core_pipe_limit core_sort_vma \
         ctrl-alt-del exec-shield ftrace_dump_on_oops ftrace_enabled hardlockup_all_cpu_backtrace \
         hardlockup_panic hotplug hung_task_all_cpu_backtrace hung_task_check_count \
         hung_task_check_interval_secs hung_task_detect_count hung_task_panic \
         hung_task_timeout_secs hung_task_warnings ignore-unaligned-usertrap init_private \
         io_delay_type io_uring_disabled io_uring_group kexec_load_disabled kexec_load_limit_panic \
         kexec_load_limit_reboot kstack_depth_to_print latencytop lockdown max_lock_depth \
         max_rcu_stall_to_panic modprobe modules_disabled msg_next_id ngroups_max nmi_watchdog \
         ns_last_pid numa_balancing numa_balancing_promote_rate_limit_MBps \
         numa_balancing_scan_delay_ms numa_balancing_scan_period_max_ms \
         numa_balancing_scan_period_min_ms numa_balancing_scan_size_mb numa_balancing_settle_count \
         oops_all_cpu_backtrace oops_limit osrelease ostype overflowgid overflowuid panic_on_io_nmi \
         panic_on_rcu_stall panic_on_stackoverflow panic_on_unrecovered_nmi panic_on_warn \
         panic_print panic_sys_info perf_cpu_time_max_percent perf_event_max_contexts_per_stack \
         perf_event_max_sample_rate perf_event_max_stack perf_event_mlock_kb perf_user_access \
         poweroff_cmd print-fatal-signals printk_delay printk_devkmsg printk_ratelimit \
         printk_ratelimit_burst real-root-dev rtsig-max rtsig-nr sched_autogroup_enabled \
         sched_cfs_bandwidth_slice_us sched_child_runs_first sched_compat_yield \
         sched_deadline_period_max_us sched_deadline_period_min_us sched_domain sched_energy_aware \
         sched_features sched_itmt_enabled sched_rr_timeslice_ms sched_rt_period_us \
         sched_schedstats sched_shares_window sched_shares_window_ns sched_time_avg_ms \
         sched_util_clamp_max sched_util_clamp_min sched_util_clamp_min_rt_default sem_next_id \
         sg-big-buff shm_next_id shm_use_big_pages soft_watchdog softlockup_all_cpu_backtrace \
         softlockup_panic spin_retry split_lock_mitigate stack_tracer_enabled stop-a \
         sysctl_writes_strict tainted task_delayacct timer_migration traceoff_on_warning \
         tracepoint_printk unaligned-trap unknown_nmi_panic unprivileged_bpf_disabled \
         unprivileged_userns_apparmor_policy unprivileged_userns_clone userprocess_debug version \
         warn_limit watchdog watchdog_thresh",
    ),
    (
        "kernel.keys",
        "gc_delay maxbytes maxkeys persistent_keyring_expiry root_maxbytes root_maxkeys",
    ),
    ("kernel.pty", "max nr reserve"),
    (
        "kernel.random",
        "boot_id entropy_avail poolsize urandom_min_reseed_secs uuid write_wakeup_threshold",
    ),
    (
        "vm",
        "admin_reserve_kbytes block_dump compact_memory compact_unevictable_allowed \
         compaction_proactiveness defrag_mode dirtytime_expire_seconds enable_soft_offline \
         extfrag_threshold heap-stack-gap highmem_is_dirtyable hugepages_treat_as_movable \
         hugetlb_optimize_vmemmap hugetlb_shm_group laptop_mode legacy_va_layout \
         lowmem_reserve_ratio mem_profiling memfd_noexec memory_failure_early_kill \
         memory_failure_recovery min_slab_ratio min_unmapped_ratio mmap_rnd_bits \
         mmap_rnd_compat_bits movable_gigantic_pages nr_hugepages_mempolicy nr_overcommit_hugepages \
         nr_pdflush_threads nr_trim_pages numa_stat numa_zonelist_order oom_dump_tasks \
         oom_kill_allocating_task overcommit_kbytes page-cluster page_lock_unfairness pagecache \
         percpu_pagelist_fraction percpu_pagelist_high_fraction scan_unevictable_pages \
         shrink_inodes_with_pagecache stat_interval stat_refresh swap_token_timeout \
         unprivileged_userfaultfd user_reserve_kbytes vdso_enabled vfs_cache_pressure_denom \
         watermark_boost_factor",
    ),
];

/// All of them, in the order of the table.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    static ALL: LazyLock<Vec<String>> = LazyLock::new(|| {
        let keys = |(subtree, names): &(&str, &str)| {
            let key = |name: &str| format!("{subtree}.{name}");
            names.split(' ').map(key).collect::<Vec<_>>()
        };
        NAMES.iter().flat_map(keys).collect()
    });
    ALL.iter().map(String::as_str)
}

/// The components of all of these names.
pub(super) fn components() -> impl Iterator<Item = &'static str> {
    let of_list = |(subtree, names): &(&'static str, &'static str)| {
        subtree.split('.').chain(names.split(' '))
    };
    NAMES.iter().flat_map(of_list)
}

/// Whether some kernel has this sysctl, though the catalogue does not.
pub(super) fn is_real(key: &str) -> bool {
    let Some((subtree, name)) = key.rsplit_once('.') else {
        return false;
    };
    let mut lists = NAMES.iter().filter(|(known, _)| *known == subtree);
    lists.any(|(_, names)| names.split(' ').any(|known| known == name))
}
