/** Pseudo file systems, or file systems whose size is meaningless. */
const PSEUDO = new Set(
  (
    'autofs bdev binder binderfs binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devfs devpts devtmpfs ' +
    'dmabuf drm efivarfs functionfs fusectl hugetlbfs ipathfs mqueue nfsd none nsfs openpromfs pidfs pipefs ' +
    'proc pstore ramfs resctrl rootfs rpc_pipefs securityfs selinuxfs smackfs sockfs spufs sysfs tracefs ' +
    'usbfs xenfs fuse.gvfsd-fuse fuse.lxcfs fuse.portal'
  ).split(' '),
);

/** Images: always full and read-only. */
const IMAGES = new Set(
  'cramfs erofs iso9660 romfs squashfs fuse.archivemount fuse.snapfuse fuse.squashfuse fuse.squashfuse_ll'.split(
    ' ',
  ),
);

/** Layers that repeat the figures of another monitored file system. */
const LAYERS = new Set(
  'aufs ecryptfs fuse.fuse-overlayfs fuse.mergerfs overlay overlayfs shiftfs unionfs'.split(' '),
);

const REMOTE = new Set(
  (
    '9p acfs afs beegfs ceph cifs coda davfs davfs2 gfs2 glusterfs gpfs lustre ncpfs ocfs2 orangefs panfs ' +
    'prl_fs pvfs2 sshfs vboxsf virtiofs vmhgfs'
  ).split(' '),
);

/** Types that may show a disk of this machine, or of its hypervisor's host, a second time. */
const SECOND_VIEWS = new Set(
  '9p drvfs fuse.bindfs fuse.grpcfuse fuse.osxfs fuse.vmhgfs-fuse prl_fs vboxsf virtiofs vmhgfs'.split(' '),
);

/** Returns whether a mount of this type may be a second view of a disk that is monitored anyway. */
export const mayBeSecondView = (fsType: string): boolean => SECOND_VIEWS.has(fsType);

/** Returns whether file systems of this type are ignored everywhere except on `/`. */
export const isIgnoredType = (fsType: string): boolean =>
  PSEUDO.has(fsType) || IMAGES.has(fsType) || LAYERS.has(fsType);

export const isImageType = (fsType: string): boolean => IMAGES.has(fsType);

/**
 * Returns whether a server or a program serves this type, so that `statfs` may hang: network file systems, FUSE, folders
 * shared by a virtual machine's host, cluster file systems with a lock manager.
 */
export const isRemoteType = (fsType: string): boolean =>
  REMOTE.has(fsType) || /^(?:nfs|smb|fuse)/.test(fsType);
