import { unitReading } from '../../src/testing/index.js';
import { OF_ALL } from './machines.js';
import type { Profile } from './profile.js';
import { disk, kernelMounts, type Mount } from './texts.js';

const hex = (seed: number, length: number): string =>
  Array.from({ length }, (_, at) => ((seed * 31 + at * 7 + ((seed * at) % 13)) % 16).toString(16)).join('');
const uid = (seed: number): string =>
  `${hex(seed, 8)}-${hex(seed + 1, 4)}-4${hex(seed + 2, 3)}-a${hex(seed + 3, 3)}-${hex(seed + 4, 12)}`;
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const ROOT: Mount = {
  at: '/',
  type: 'ext4',
  source: '/dev/sda1',
  device: '8:1',
  superOptions: 'rw,discard,errors=remount-ro',
};

const layers = (at: string): Mount => ({
  ...{ at, type: 'overlay', source: 'overlay' },
  superOptions: 'rw,lowerdir=/l/A:/l/B,upperdir=/u,workdir=/w',
});

const LXCFS = ['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'slabinfo', 'stat', 'swaps', 'uptime'];

/**
 * A Proxmox container on ZFS. lxcfs provides its `/proc/stat` and `/proc/meminfo`, and by default the load of the
 * whole machine, 23 here; the cache of ZFS is that of the machine.
 */
export const lxcOnZfs: Profile = {
  name: 'Proxmox LXC on ZFS',
  ...{ cpus: 2, busy: 0.15, load: 23 },
  memory: { total: 2, available: 1.1, swap: 0.5 },
  mounts: [
    {
      at: '/',
      type: 'zfs',
      source: 'rpool/data/subvol-101-disk-0',
      superOptions: 'rw,xattr,posixacl,casesensitive',
    },
    { at: '/dev', type: 'tmpfs', source: 'none', superOptions: 'rw,size=492k,mode=755,uid=100000' },
    { at: '/proc', type: 'proc' },
    { at: '/proc/sys/net', type: 'proc', root: '/sys/net' },
    { at: '/proc/sys', type: 'proc', root: '/sys', options: 'ro,relatime' },
    { at: '/sys', type: 'sysfs', options: 'ro,relatime' },
    { at: '/sys/fs/cgroup', type: 'cgroup2', source: 'none', superOptions: 'rw,nsdelegate' },
    ...LXCFS.map((file) => ({
      ...{ at: `/proc/${file}`, type: 'fuse.lxcfs', source: 'lxcfs', root: `/proc/${file}`, device: '0:61' },
      superOptions: 'rw,user_id=0,group_id=0,allow_other',
    })),
    {
      at: '/sys/devices/system/cpu',
      type: 'fuse.lxcfs',
      source: 'lxcfs',
      root: '/sys/devices/system/cpu',
      device: '0:61',
    },
    { at: '/dev/null', type: 'devtmpfs', source: 'udev', root: '/null' },
    { at: '/dev/pts', type: 'devpts' },
    { at: '/dev/shm', type: 'tmpfs' },
    { at: '/run', type: 'tmpfs', superOptions: 'rw,size=26000000k,mode=755' },
    { at: '/run/lock', type: 'tmpfs', superOptions: 'rw,size=5120k' },
    { at: '/srv/media', type: 'zfs', source: 'tank/media', superOptions: 'rw,xattr,posixacl' },
  ],
  disks: {
    ...OF_ALL,
    '/': disk(8, 43, { inodes: 1.2e7, inodePercent: 1 }),
    '/srv/media': disk(7400, 77, { inodes: 3e9, inodePercent: 1 }),
  },
  files: {
    'proc/spl/kstat/zfs/arcstats':
      'name type data\nsize 4 67000000000\nc_min 4 4000000000\nmru_evictable_data 4 30000000000\nmru_evictable_metadata 4 1000000\nmfu_evictable_data 4 30000000000\nmfu_evictable_metadata 4 1000000\n',
    'sys/fs/cgroup/pids.current': '41\n',
    // The count of the machine includes kills in other containers.
    'sys/fs/cgroup/memory.events': 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n',
    'proc/self/cgroup': '0::/system.slice/luminous-healing.service\n',
  },
  kills: [12, 15],
  unknown: ['load'],
};

/** A Kubernetes worker with 60 pods, some of which exceed their memory limits from time to time. */
export const kubernetesNode: Profile = {
  name: 'Kubernetes node with 60 pods',
  ...{ cpus: 16, busy: 0.6, load: 13 },
  memory: { total: 62, available: 16, cached: 14 },
  mounts: [
    ROOT,
    ...kernelMounts,
    { at: '/boot/efi', type: 'vfat', source: '/dev/sda15', device: '8:15' },
    {
      at: '/var/lib/containerd',
      type: 'xfs',
      source: '/dev/sdb',
      device: '8:16',
      superOptions: 'rw,inode64',
    },
    ...many(60, (pod): Mount[] => {
      const volumes = `/var/lib/kubelet/pods/${uid(pod)}/volumes/kubernetes.io`;
      const tasks = '/run/containerd/io.containerd.runtime.v2.task/k8s.io';
      return [
        {
          at: `${volumes}~projected/kube-api-access-${hex(pod, 5)}`,
          type: 'tmpfs',
          superOptions: 'rw,size=131072k',
        },
        { at: `${volumes}~secret/tls`, type: 'tmpfs', superOptions: 'rw,size=131072k' },
        {
          at: `/run/containerd/io.containerd.grpc.v1.cri/sandboxes/${hex(pod, 64)}/shm`,
          type: 'tmpfs',
          source: 'shm',
          superOptions: 'rw,size=65536k',
        },
        layers(`${tasks}/${hex(pod, 64)}/rootfs`),
        layers(`${tasks}/${hex(pod + 100, 64)}/rootfs`),
        { at: `/run/netns/cni-${uid(pod + 7)}`, type: 'nsfs', root: `net:[40265${30_000 + pod}]` },
        ...(pod % 6 === 0
          ? [
              {
                at: `/var/lib/kubelet/plugins/kubernetes.io/csi/disk.csi/${hex(pod, 64)}/globalmount`,
                type: 'ext4',
                source: `/dev/sd${'cdefghijkl'[pod / 6]}`,
                device: `8:${32 + pod}`,
              },
              {
                at: `${volumes}~csi/pvc-${uid(pod)}/mount`,
                type: 'ext4',
                source: `/dev/sd${'cdefghijkl'[pod / 6]}`,
                device: `8:${32 + pod}`,
              },
            ]
          : []),
        ...(pod % 20 === 0
          ? [
              {
                at: `${volumes}~nfs/backup`,
                type: 'nfs4',
                source: '10.0.0.9:/backup',
                superOptions: 'rw,vers=4.2,hard',
              },
            ]
          : []),
      ];
    }).flat(),
  ],
  disks: {
    ...OF_ALL,
    '/': disk(49, 62, { inodes: 6.4e6 }),
    '/boot/efi': disk(0.1, 12),
    '/var/lib/containerd': disk(200, 74, { inodes: 1e8, inodePercent: 3 }),
  },
  units: [unitReading({ name: 'kubelet' }), unitReading({ name: 'containerd' })],
  kills: [310, 314],
};

/** A build server whose CPUs are all busy, with more work waiting, which is reported. */
export const ciBox: Profile = {
  name: 'CI box at 100 % CPU',
  ...{ cpus: 16, busy: 1, load: 41 },
  memory: { total: 62.8, available: 28 },
  mounts: [
    ROOT,
    ...kernelMounts,
    {
      at: '/var/lib/docker',
      type: 'xfs',
      source: '/dev/nvme1n1',
      device: '259:3',
      superOptions: 'rw,inode64,prjquota',
    },
    ...many(12, (job) => layers(`/var/lib/docker/overlay2/${hex(job, 64)}/merged`)),
    ...many(12, (job): Mount => ({
      at: `/run/docker/netns/${hex(job, 12)}`,
      type: 'nsfs',
      root: `net:[40265${31_000 + job}]`,
    })),
    { at: '/home/runner/cache', type: 'tmpfs', superOptions: 'rw,size=16777216k' },
  ],
  disks: {
    ...OF_ALL,
    '/': disk(30, 57, { inodes: 2e6 }),
    '/var/lib/docker': disk(440, 81, { inodes: 2.2e8, inodePercent: 5 }),
    '/home/runner/cache': disk(16, 74, { inodes: 8e6, inodePercent: 4 }),
  },
  reported: ['cpu', 'load'],
};

/** A Docker host as an unprivileged user sees it, without access to the folders of the containers. */
export const dockerHost: Profile = {
  name: 'Docker host',
  ...{ cpus: 4, busy: 0.3, load: 2.2 },
  memory: { total: 15.6, available: 6.2, swap: 2 },
  mounts: [
    ROOT,
    ...kernelMounts,
    ...many(25, (index): Mount[] => {
      const id = hex(index, 64);
      return [
        layers(`/var/lib/docker/overlay2/${id}/merged`),
        {
          at: `/var/lib/docker/containers/${id}/mounts/shm`,
          type: 'tmpfs',
          source: 'shm',
          superOptions: 'rw,size=65536k',
        },
        { at: `/run/docker/netns/${hex(index, 12)}`, type: 'nsfs', root: `net:[40265${32_000 + index}]` },
      ];
    }).flat(),
    {
      at: '/var/lib/docker/volumes/backup/_data',
      type: 'nfs4',
      source: 'nas:/volume1/backup',
      superOptions: 'rw,vers=4.1,hard',
    },
    {
      at: '/var/lib/docker/volumes/cloud/_data',
      type: 'fuse.rclone',
      source: 'cloud:',
      superOptions: 'rw,user_id=0',
    },
    { at: '/run/user/1000', type: 'tmpfs', superOptions: 'rw,size=1630000k,uid=1000' },
    layers('/home/anna/.local/share/docker/fuse-overlayfs/0/merged'),
    {
      at: '/home/anna/.local/share/containers/storage/overlay-containers/9/userdata/shm',
      type: 'tmpfs',
      source: 'shm',
      superOptions: 'rw,size=64000k,uid=1000',
    },
  ],
  disks: { ...OF_ALL, '/': disk(160, 72, { inodes: 1e7, inodePercent: 41 }) },
  units: [unitReading({ name: 'docker' }), unitReading({ name: 'containerd' })],
  kills: [4, 6],
};
