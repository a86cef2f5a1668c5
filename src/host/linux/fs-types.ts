/** File systems that are windows into the kernel, or whose size means nothing. */
const PSEUDO = new Set(
  (
    'autofs bdev binder binderfs binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devfs devpts devtmpfs ' +
    'dmabuf drm efivarfs functionfs fusectl hugetlbfs ipathfs mqueue nfsd none nsfs openpromfs pidfs pipefs ' +
    'proc pstore ramfs resctrl rootfs rpc_pipefs securityfs selinuxfs smackfs sockfs spufs sysfs tracefs ' +
    'usbfs xenfs fuse.gvfsd-fuse fuse.lxcfs fuse.portal'
  ).split(' '),
);

/** Images: made full, and read-only for good. */
const IMAGES = new Set(
  'cramfs erofs iso9660 romfs squashfs fuse.archivemount fuse.snapfuse fuse.squashfuse fuse.squashfuse_ll'.split(
    ' ',
  ),
);

/** Layers over another file system, which is counted itself; they tell its figures once more. */
const LAYERS = new Set(
  'aufs ecryptfs fuse.fuse-overlayfs fuse.mergerfs overlay overlayfs shiftfs unionfs'.split(' '),
);

const REMOTE = new Set(
  (
    '9p acfs afs beegfs ceph cifs coda davfs davfs2 gfs2 glusterfs gpfs lustre ncpfs ocfs2 orangefs panfs ' +
    'prl_fs pvfs2 sshfs vboxsf virtiofs vmhgfs'
  ).split(' '),
);

/** Ways to a disk of this machine, or of the one that this is a guest of, of which there may be several. */
const WAYS = new Set(
  '9p drvfs fuse.bindfs fuse.grpcfuse fuse.osxfs fuse.vmhgfs-fuse prl_fs vboxsf virtiofs vmhgfs'.split(' '),
);

/** Whether a mount of this type may be another way to a disk that is looked at anyway. */
export const mayBeSecondWay = (fsType: string): boolean => WAYS.has(fsType);

/** Whether file systems of this type are left out wherever they are mounted, except on `/`. */
export const isIgnoredType = (fsType: string): boolean =>
  PSEUDO.has(fsType) || IMAGES.has(fsType) || LAYERS.has(fsType);

/** Whether file systems of this type are images: made full, and read-only for good. */
export const isImageType = (fsType: string): boolean => IMAGES.has(fsType);

/**
 * Whether a server or a program answers for this type, so that `statfs` may hang: network file systems, all
 * of FUSE, folders shared by a virtual machine's host, cluster file systems with a lock manager.
 */
export const isRemoteType = (fsType: string): boolean =>
  REMOTE.has(fsType) || /^(?:nfs|smb|fuse)/.test(fsType);
