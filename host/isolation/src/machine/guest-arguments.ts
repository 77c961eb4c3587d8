/**
 * What a guest's kernel does not set up, because nothing in a guest uses it: files for tracing (10 000 of them), kernel functions for BPF programs and the types they are found by,
 * a congestion control of TCP, a key derivation's self-test, the distribution's certificates, measuring of files, hibernation. A seventh of an emulated boot, and 10 MB.
 */
const UNUSED_PARTS = [
  "trace_eval_init", "tracer_init_tracefs",
  "bpf_key_sig_kfuncs_init", "bpf_prog_test_run_init", "bpf_rstat_kfunc_init", "bpf_tcp_ca_kfunc_init", "kfunc_init", "cubictcp_register",
  "crypto_kdf108_init", "load_system_certificate_list", "digsig_init", "init_evm", "init_ima", "snapshot_device_init",
] as const;

/**
 * Arguments of every guest's kernel (kernel document admin-guide/kernel-parameters). It does not test what nobody calls, ask modules of security for which there is no policy,
 * sum up pressure or look for lockups that nobody hears of; a panic ends it.
 */
export const GUEST_ARGUMENTS = `random.trust_cpu=on cryptomgr.notests audit=0 lsm= psi=0 nowatchdog initcall_blacklist=${UNUSED_PARTS.join(",")} panic=-1 rdinit=/init cgroup_no_v1=all`;
