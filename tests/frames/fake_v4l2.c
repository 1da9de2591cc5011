/* A V4L2 camera for tests, loaded with LD_PRELOAD: the kernel's side of the device is played, OpenCV's side is real.
 *
 * FAKE_V4L2 names a file that stands for the device. Its text says what the camera can and does, and is read again for
 * every picture, so that a test can change it while the camera runs:
 *
 *     formats=YUYV,MJPG sizes=640x480,1280x720 fps=30 clock=monotonic does=work jpeg=/path
 *
 * clock: monotonic, realtime or none. does: work, stall (open, but no pictures), freeze (the same picture; with after=9
 * only after nine more).
 * jpeg: what is sent as MJPG; a %u in it counts from 0 to 7, over and over. A file that is removed is a camera that is pulled. What was asked of it is written to the
 * file of that name with .log behind it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FDS 1024
#define BUFFERS 8
#define BYTES (1920 * 1080 * 2)
#define AGE_US 40000 /* a picture is this old when it is handed over */

static char is_camera[FDS], queued[BUFFERS];
static unsigned char *buffers[BUFFERS];
static struct v4l2_pix_format format;
static unsigned pictures, since_freeze, fps = 15;
static double due;

static double now_s(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int ask(const char *key, char *value) { /* gives whether the camera is there */
    char text[2048] = "", name[32];
    FILE *file = fopen(getenv("FAKE_V4L2"), "re");
    value[0] = 0;
    if (!file) return 0;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    snprintf(name, sizeof name, "%s=", key);
    char *at = strstr(text, name);
    if (at) sscanf(at + strlen(name), "%255s", value);
    return 1;
}

static int does(const char *what) {
    char value[256];
    ask("does", value);
    return !strcmp(value, what);
}

static void note(const char *text, ...) {
    char path[1024];
    snprintf(path, sizeof path, "%s.log", getenv("FAKE_V4L2"));
    FILE *file = fopen(path, "ae");
    va_list rest;
    va_start(rest, text);
    vfprintf(file, text, rest);
    va_end(rest);
    fclose(file);
}

static int fail(int error) {
    errno = error;
    return -1;
}

static void agree(struct v4l2_pix_format *asked) { /* what it cannot do becomes the first that it can, as drivers do it */
    char value[256], size[32], fourcc[5] = "";
    memcpy(fourcc, &asked->pixelformat, 4);
    ask("formats", value);
    if (!strstr(value, fourcc)) memcpy(&asked->pixelformat, value, 4);
    ask("sizes", value);
    snprintf(size, sizeof size, "%ux%u", asked->width, asked->height);
    if (!strstr(value, size)) sscanf(value, "%ux%u", &asked->width, &asked->height);
    asked->bytesperline = asked->width * 2;
    asked->sizeimage = BYTES;
    asked->field = V4L2_FIELD_NONE;
}

static unsigned draw(unsigned char *to) {
    char after[256];
    ask("after", after);
    since_freeze = does("freeze") ? since_freeze + 1 : 0;
    if (since_freeze <= (unsigned)atoi(after)) pictures++;
    if (format.pixelformat == V4L2_PIX_FMT_MJPEG) {
        char pattern[256], path[256];
        ask("jpeg", pattern);
        snprintf(path, sizeof path, pattern, pictures % 8);
        FILE *file = fopen(path, "re");
        unsigned length = file ? fread(to, 1, BYTES, file) : 0;
        if (file) fclose(file);
        return length;
    }
    unsigned pixels = format.width * format.height, step = format.pixelformat == V4L2_PIX_FMT_GREY ? 1 : 2;
    unsigned noise = pictures;
    for (unsigned i = 0; i < pixels; i++) {
        noise = noise * 1664525 + 1013904223;
        unsigned checks = (i / 40 + i / format.width / 40) % 2 ? 60 : 160;
        to[i * step] = checks + (noise >> 28);
        if (step == 2) to[i * step + 1] = 128;
    }
    return pixels * step;
}

static int dequeue(struct v4l2_buffer *buffer) {
    char value[256];
    int there = ask("clock", value);
    if (!there) return fail(ENODEV);
    double now = now_s(CLOCK_MONOTONIC);
    if (now < due || does("stall")) return fail(EAGAIN);
    for (unsigned i = 0; i < BUFFERS; i++) {
        if (!queued[i]) continue;
        double taken = now_s(!strcmp(value, "realtime") ? CLOCK_REALTIME : CLOCK_MONOTONIC) - AGE_US / 1e6;
        if (!strcmp(value, "none")) taken = 0;
        queued[i] = 0;
        buffer->index = i;
        buffer->length = BYTES;
        buffer->bytesused = draw(buffers[i]);
        buffer->timestamp.tv_sec = (long)taken;
        buffer->timestamp.tv_usec = (taken - (long)taken) * 1e6;
        due = now + 1.0 / fps;
        return 0;
    }
    return fail(EAGAIN);
}

static int control(unsigned long request, void *argument) {
    struct v4l2_queryctrl *about = argument;
    unsigned id = about->id;
    if (id != V4L2_CID_EXPOSURE_AUTO && id != V4L2_CID_EXPOSURE_ABSOLUTE && id != V4L2_CID_EXPOSURE_AUTO_PRIORITY)
        return fail(EINVAL);
    if (request == VIDIOC_QUERYCTRL) about->minimum = 0, about->maximum = 10000;
    if (request == VIDIOC_S_CTRL) note("%x=%d\n", id, ((struct v4l2_control *)argument)->value);
    return 0;
}

static int camera(unsigned long request, void *argument) {
    char value[256];
    if (!ask("does", value)) return fail(ENODEV);
    switch (request) {
    case VIDIOC_QUERYCAP:
        ((struct v4l2_capability *)argument)->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    case VIDIOC_G_FMT:
        if (!format.width) agree(&format);
        ((struct v4l2_format *)argument)->fmt.pix = format;
        return 0;
    case VIDIOC_S_FMT:
        agree(&((struct v4l2_format *)argument)->fmt.pix);
        format = ((struct v4l2_format *)argument)->fmt.pix;
        return 0;
    case VIDIOC_S_PARM:
        fps = ((struct v4l2_streamparm *)argument)->parm.capture.timeperframe.denominator;
        ask("fps", value);
        if (value[0] && fps > (unsigned)atoi(value)) fps = atoi(value);
        /* fall through */
    case VIDIOC_G_PARM:
        ((struct v4l2_streamparm *)argument)->parm.capture.timeperframe = (struct v4l2_fract){1, fps};
        return 0;
    case VIDIOC_REQBUFS:
        memset(queued, 0, sizeof queued);
        return 0;
    case VIDIOC_QUERYBUF:
        ((struct v4l2_buffer *)argument)->length = BYTES;
        ((struct v4l2_buffer *)argument)->m.offset = ((struct v4l2_buffer *)argument)->index * 0x1000;
        return 0;
    case VIDIOC_QBUF:
        queued[((struct v4l2_buffer *)argument)->index] = 1;
        return 0;
    case VIDIOC_DQBUF:
        return dequeue(argument);
    case VIDIOC_STREAMON:
        note("stream %.4s %ux%u %u\n", (char *)&format.pixelformat, format.width, format.height, fps);
        return 0;
    case VIDIOC_STREAMOFF:
        return 0;
    case VIDIOC_QUERYCTRL:
    case VIDIOC_G_CTRL:
    case VIDIOC_S_CTRL:
        return control(request, argument);
    }
    return fail(ENOTTY);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int opened(int fd, const char *path) {
    const char *camera_path = getenv("FAKE_V4L2");
    if (fd >= 0 && fd < FDS) is_camera[fd] = camera_path && !strcmp(path, camera_path);
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return opened(REAL(open)(path, flags, mode), path);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return opened(REAL(open64)(path, flags, mode), path);
}

int close(int fd) {
    if (fd >= 0 && fd < FDS) is_camera[fd] = 0;
    return REAL(close)(fd);
}

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    request &= 0xffffffff; /* some callers sign-extend it */
    return fd >= 0 && fd < FDS && is_camera[fd] ? camera(request, argument) : REAL(ioctl)(fd, request, argument);
}

static void *mapped(size_t length, off_t offset) {
    unsigned char *memory = REAL(mmap)(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    buffers[offset / 0x1000] = memory;
    return memory;
}

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    if (fd >= 0 && fd < FDS && is_camera[fd]) return mapped(length, offset);
    return REAL(mmap)(at, length, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int fd, off64_t offset) {
    if (fd >= 0 && fd < FDS && is_camera[fd]) return mapped(length, offset);
    return REAL(mmap64)(at, length, protection, flags, fd, offset);
}

int select(int count, fd_set *reads, fd_set *writes, fd_set *errors, struct timeval *limit) {
    for (int fd = 0; reads && fd < count && fd < FDS; fd++) {
        if (!is_camera[fd] || !FD_ISSET(fd, reads)) continue;
        double end = now_s(CLOCK_MONOTONIC) + limit->tv_sec + limit->tv_usec / 1e6;
        for (; now_s(CLOCK_MONOTONIC) < end; usleep(2000)) {
            char value[256];
            /* a camera that is gone is readable, and reading it is the error */
            if (!ask("does", value) || (strcmp(value, "stall") && now_s(CLOCK_MONOTONIC) >= due)) return 1;
        }
        FD_ZERO(reads);
        return 0;
    }
    return REAL(select)(count, reads, writes, errors, limit);
}
