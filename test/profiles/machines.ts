import { unitReading } from '../../src/testing/index.js';
import type { Profile } from './profile.js';
import { disk, kernelMounts, type Mount } from './texts.js';

const ROOT: Mount = {
  at: '/',
  type: 'ext4',
  source: '/dev/sda2',
  device: '8:2',
  superOptions: 'rw,errors=remount-ro',
};
const EFI: Mount = {
  at: '/boot/efi',
  type: 'vfat',
  source: '/dev/sda1',
  device: '8:1',
  superOptions: 'rw,fmask=0077',
};
export const OF_ALL = { '/dev/shm': disk(7, 1), '/run': disk(1.5, 3, { inodes: 2e6, inodePercent: 0.1 }) };

const SNAPS = [
  'bare/5',
  'core22/1748',
  'core22/1802',
  'firefox/5751',
  'gnome-42-2204/176',
  'gtk-common-themes/1535',
];
const MORE_SNAPS = [
  'snap-store/1216',
  'snapd/23545',
  'snapd-desktop-integration/253',
  'thunderbird/644',
  'chromium/3060',
];

/** A laptop with snaps, each an image that is always 100 % full. */
export const snapLaptop: Profile = {
  name: 'laptop with snaps',
  ...{ cpus: 8, busy: 0.22, load: 1.4 },
  memory: { total: 15.4, available: 5.1, swap: 4 },
  mounts: [
    { ...ROOT, source: '/dev/nvme0n1p2', device: '259:2' },
    ...kernelMounts,
    { ...EFI, source: '/dev/nvme0n1p1', device: '259:1' },
    { at: '/sys/firmware/efi/efivars', type: 'efivarfs' },
    ...[...SNAPS, ...MORE_SNAPS].map((snap, index) => ({
      at: `/snap/${snap}`,
      type: 'squashfs',
      source: `/dev/loop${index}`,
      device: `7:${index}`,
      options: 'ro,nodev,relatime',
      superOptions: 'ro,errors=continue,threads=single',
    })),
    {
      at: '/var/snap/firefox/common/host-hunspell',
      type: 'ext4',
      source: '/dev/nvme0n1p2',
      device: '259:2',
      root: '/usr/share/hunspell',
      options: 'ro,noexec,noatime',
      superOptions: 'rw,errors=remount-ro',
    },
    { at: '/run/snapd/ns', type: 'tmpfs', root: '/snapd/ns', device: '0:114' },
    { at: '/run/snapd/ns/firefox.mnt', type: 'nsfs', root: 'mnt:[4026532677]' },
    { at: '/run/user/1000', type: 'tmpfs', superOptions: 'rw,size=1610000k,mode=700,uid=1000' },
    {
      at: '/run/user/1000/gvfs',
      type: 'fuse.gvfsd-fuse',
      source: 'gvfsd-fuse',
      superOptions: 'rw,user_id=1000',
    },
    { at: '/run/user/1000/doc', type: 'fuse.portal', source: 'portal', superOptions: 'rw,user_id=1000' },
  ],
  disks: { ...OF_ALL, '/': disk(460, 71, { inodes: 3e7 }), '/boot/efi': disk(0.5, 8) },
};

/** Fedora Silverblue: the root is a composefs image, read-only and 100 % full. */
export const silverblue: Profile = {
  name: 'Silverblue',
  ...{ cpus: 12, busy: 0.1, load: 0.8 },
  memory: { total: 31, available: 20, swap: 8 },
  mounts: [
    {
      at: '/',
      type: 'overlay',
      source: 'composefs',
      options: 'ro,relatime',
      superOptions:
        'ro,seclabel,lowerdir+=/run/ostree/.private/cfsroot-lower,datadir+=/sysroot/ostree/repo/objects,redirect_dir=on,metacopy=on',
    },
    ...kernelMounts,
    {
      at: '/sysroot',
      type: 'btrfs',
      source: '/dev/nvme0n1p3',
      device: '0:32',
      root: '/root',
      options: 'ro,relatime',
      superOptions: 'rw,seclabel,compress=zstd:1,ssd,subvolid=258',
    },
    {
      at: '/etc',
      type: 'btrfs',
      source: '/dev/nvme0n1p3',
      device: '0:32',
      root: '/root/ostree/deploy/fedora/deploy/5f/etc',
      superOptions: 'rw,seclabel,subvolid=258',
    },
    {
      at: '/var',
      type: 'btrfs',
      source: '/dev/nvme0n1p3',
      device: '0:32',
      root: '/var',
      superOptions: 'rw,seclabel,subvolid=257',
    },
    {
      at: '/var/home',
      type: 'btrfs',
      source: '/dev/nvme0n1p3',
      device: '0:32',
      root: '/home',
      superOptions: 'rw,seclabel,subvolid=256',
    },
    { at: '/boot', type: 'ext4', source: '/dev/nvme0n1p2', device: '259:2', superOptions: 'rw,seclabel' },
    { ...EFI, source: '/dev/nvme0n1p1', device: '259:1' },
    { at: '/tmp', type: 'tmpfs', superOptions: 'rw,seclabel,size=16000000k,nr_inodes=1048576' },
    {
      at: '/run/media/anna/Fedora-WS-Live',
      type: 'iso9660',
      source: '/dev/sdb1',
      device: '8:17',
      superOptions: 'ro,nojoliet',
    },
  ],
  disks: {
    ...OF_ALL,
    '/': disk(0.017, 100),
    ...Object.fromEntries(['/sysroot', '/etc', '/var', '/var/home'].map((path) => [path, disk(950, 64)])),
    '/boot': disk(0.95, 47, { inodes: 65_536, inodePercent: 1 }),
    '/boot/efi': disk(0.6, 3),
    '/tmp': disk(15.5, 0.1, { inodes: 1e6, inodePercent: 0.1 }),
  },
};

const DRVFS = 'cache=5,access=client,msize=65536,trans=fd,rfd=5,wfd=5';

/** WSL2: Windows drives by 9p, some programs as images, a kernel without cpufreq. */
export const wsl2: Profile = {
  name: 'WSL2',
  ...{ cpus: 16, busy: 0.05, load: 0.1 },
  memory: { total: 15.5, available: 13.9, swap: 4 },
  mounts: [
    {
      at: '/',
      type: 'ext4',
      source: '/dev/sdc',
      device: '8:32',
      superOptions: 'rw,discard,errors=remount-ro,data=ordered',
    },
    ...kernelMounts,
    { at: '/mnt/wsl', type: 'tmpfs', source: 'none' },
    {
      at: '/usr/lib/wsl/drivers',
      type: '9p',
      source: 'none',
      options: 'ro,nosuid,nodev,noatime',
      superOptions: `ro,dirsync,aname=drivers;fmask=222;dmask=222,${DRVFS}`,
    },
    {
      at: '/usr/lib/modules/6.6.87.2-microsoft-standard-WSL2',
      type: 'overlay',
      source: 'none',
      superOptions: 'rw,lowerdir=/modules,upperdir=/lib/modules/rw/upper',
    },
    {
      at: '/usr/lib/wsl/lib',
      type: 'overlay',
      source: 'none',
      options: 'rw,nosuid,nodev,noatime',
      superOptions: 'rw,lowerdir=/gpu_lib_packaged:/gpu_lib_inbox,upperdir=/gpu_lib/rw/upper',
    },
    {
      at: '/init',
      type: 'rootfs',
      source: 'rootfs',
      root: '/init',
      options: 'ro',
      superOptions: 'rw,size=8100000k',
    },
    { at: '/mnt/wslg', type: 'tmpfs', source: 'none' },
    {
      at: '/mnt/wslg/distro',
      type: 'ext4',
      source: '/dev/sdc',
      device: '8:32',
      options: 'ro,relatime',
      superOptions: 'rw,discard,errors=remount-ro,data=ordered',
    },
    {
      at: '/mnt/wslg/versions.txt',
      type: 'overlay',
      source: 'none',
      root: '/etc/versions.txt',
      superOptions: 'rw,lowerdir=/systemvhd',
    },
    {
      at: '/mnt/wslg/doc',
      type: 'overlay',
      source: 'none',
      root: '/usr/share/doc',
      superOptions: 'rw,lowerdir=/systemvhd',
    },
    {
      at: '/tmp/.X11-unix',
      type: 'tmpfs',
      source: 'none',
      root: '/.X11-unix',
      device: '0:126',
      options: 'ro,relatime',
    },
    {
      at: '/mnt/c',
      type: '9p',
      source: 'C:\\134',
      options: 'rw,noatime',
      superOptions: `rw,dirsync,aname=drvfs;path=C:\\134;uid=1000;gid=1000;symlinkroot=/mnt/,${DRVFS}`,
    },
    {
      at: '/mnt/d',
      type: '9p',
      source: 'D:\\134',
      options: 'rw,noatime',
      superOptions: `rw,dirsync,aname=drvfs;path=D:\\134;uid=1000,${DRVFS}`,
    },
    { at: '/run/user', type: 'tmpfs', source: 'none' },
  ],
  disks: {
    ...OF_ALL,
    '/': disk(1006, 4, { inodes: 6.7e7, inodePercent: 1 }),
    '/mnt/c': disk(475, 83, { inodes: 999 }),
    '/mnt/d': disk(931, 56, { inodes: 999 }),
    '/mnt/wsl': disk(7.7, 0),
    '/mnt/wslg': disk(7.7, 0),
    '/tmp/.X11-unix': disk(7.7, 0),
  },
};

const governors = (cpus: number, governor: string): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: cpus }, (_, cpu) => `sys/devices/system/cpu/cpufreq/policy${cpu}`).flatMap(
      (folder) => [
        [`${folder}/scaling_governor`, `${governor}\n`],
        [`${folder}/scaling_available_governors`, 'ondemand performance powersave\n'],
      ],
    ),
  );

const PI_MOUNTS: readonly Mount[] = [
  ...kernelMounts,
  {
    at: '/boot/firmware',
    type: 'vfat',
    source: '/dev/mmcblk0p1',
    device: '179:1',
    options: 'ro,relatime',
    superOptions: 'ro,fmask=0022',
  },
  { at: '/tmp', type: 'tmpfs', superOptions: 'rw,size=102400k' },
  { at: '/var/log', type: 'tmpfs', superOptions: 'rw,size=51200k' },
  { at: '/var/tmp', type: 'tmpfs', superOptions: 'rw,size=51200k' },
];
const PI = {
  ...{ cpus: 4, busy: 0.08, load: 0.35 },
  memory: { total: 0.89, available: 0.52, swap: 0 },
  files: governors(1, 'ondemand'),
};
const PI_DISKS = {
  ...OF_ALL,
  '/tmp': disk(0.1, 2),
  '/var/log': disk(0.05, 61),
  '/var/tmp': disk(0.05, 0),
};

/** A Raspberry Pi whose root is read-only in `fstab`, to survive a power failure. */
export const raspberryPi: Profile = {
  name: 'Raspberry Pi with a read-only root',
  ...PI,
  mounts: [
    {
      at: '/',
      type: 'ext4',
      source: '/dev/mmcblk0p2',
      device: '179:2',
      options: 'ro,noatime',
      superOptions: 'ro',
    },
    ...PI_MOUNTS,
  ],
  disks: { ...PI_DISKS, '/': disk(29, 96, { inodes: 1.9e6 }) },
};

/** The same with the overlay of `raspi-config`: a tmpfs above the read-only card. */
export const raspberryPiOverlay: Profile = {
  name: 'Raspberry Pi with an overlay root',
  ...PI,
  mounts: [
    {
      at: '/',
      type: 'overlay',
      source: 'overlayroot',
      superOptions:
        'rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,workdir=/media/root-rw/overlay-workdir/_',
    },
    ...PI_MOUNTS,
    {
      at: '/media/root-ro',
      type: 'ext4',
      source: '/dev/mmcblk0p2',
      device: '179:2',
      options: 'ro,relatime',
      superOptions: 'ro',
    },
    { at: '/media/root-rw', type: 'tmpfs', source: 'tmpfs-root', superOptions: 'rw' },
  ],
  disks: { ...PI_DISKS, '/': disk(0.44, 9), '/media/root-rw': disk(0.44, 9), '/media/root-ro': disk(29, 96) },
};

/** A PostgreSQL server with 96 of 125 GiB in huge pages. */
export const database: Profile = {
  name: 'database with huge pages',
  ...{ cpus: 32, busy: 0.45, load: 17 },
  memory: { total: 125.6, available: 11.8, hugePages: 96, swap: 8 },
  mounts: [
    ROOT,
    ...kernelMounts,
    EFI,
    {
      at: '/var/lib/postgresql',
      type: 'xfs',
      source: '/dev/mapper/vg0-pg',
      device: '253:1',
      superOptions: 'rw,attr2,inode64,noquota',
    },
    {
      at: '/var/lib/postgresql/16/main/pg_wal',
      type: 'xfs',
      source: '/dev/mapper/vg0-wal',
      device: '253:2',
      superOptions: 'rw,attr2,inode64',
    },
  ],
  disks: {
    ...OF_ALL,
    '/': disk(59, 38, { inodes: 3.9e6 }),
    '/boot/efi': disk(0.5, 2),
    '/var/lib/postgresql': disk(3500, 78, { inodes: 3.6e8, inodePercent: 0.1 }),
    '/var/lib/postgresql/16/main/pg_wal': disk(100, 33, { inodes: 5e7, inodePercent: 0.1 }),
  },
  units: [
    unitReading({ name: 'postgresql', type: 'oneshot', remainsAfterExit: true, subState: 'exited' }),
    unitReading({ name: 'postgresql@16-main' }),
  ],
};

/** A file server whose archive is nearly full by design: 91 % of 100 TB, with 9 TiB available. */
export const fileServer: Profile = {
  name: 'file server with an archive',
  ...{ cpus: 8, busy: 0.12, load: 2.1 },
  memory: { total: 62.7, available: 51, cached: 48 },
  mounts: [
    ROOT,
    ...kernelMounts,
    EFI,
    {
      at: '/srv/archive',
      type: 'xfs',
      source: '/dev/md127',
      device: '9:127',
      superOptions: 'rw,attr2,inode64,sunit=1024',
    },
    {
      at: '/srv/nfs/archive',
      type: 'xfs',
      source: '/dev/md127',
      device: '9:127',
      root: '/public',
      superOptions: 'rw,attr2,inode64',
    },
    { at: '/proc/fs/nfsd', type: 'nfsd' },
    { at: '/var/lib/nfs/rpc_pipefs', type: 'rpc_pipefs' },
  ],
  disks: {
    ...OF_ALL,
    '/': disk(59, 41, { inodes: 3.9e6 }),
    '/boot/efi': disk(0.5, 2),
    '/srv/archive': disk(100e12 / 1024 ** 3, 91, { inodes: 9.7e9, inodePercent: 2 }),
  },
  reported: ['disk:/srv/archive'],
};
