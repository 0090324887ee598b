/* A camera for tests, under the real OpenCV: the kernel's part of Video4Linux on a FIFO.

   Preloaded (LD_PRELOAD), it answers the ioctls of the file $V4L2_CAMERA; every byte that is
   written into that FIFO is a frame. It gives MJPEG and YUYV, 640x480 and 1280x720, 30 a second;
   raw 1280x720 only 10. $V4L2_CAMERA.jpg is the picture; while $V4L2_CAMERA.busy is there, another
   program has the camera; when the FIFO is removed, it was unplugged. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ROOM (4 << 20)
#define BUFFERS 8
#define BEFORE_NS 25000000L /* a frame is older than that when it can be had */

static unsigned format = V4L2_PIX_FMT_YUYV, width = 640, height = 480, rate = 30;
static void *memory[BUFFERS];
static int queue[64], first, last;

static int is_camera(int file) {
    char link[64], target[512];
    const char *camera = getenv("V4L2_CAMERA");
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, target, sizeof target - 1);
    if (camera == NULL || size < 0) return 0;
    target[size] = 0;
    return strncmp(target, camera, strlen(camera)) == 0;
}

static int there(const char *suffix) {
    char path[512];
    snprintf(path, sizeof path, "%s%s", getenv("V4L2_CAMERA"), suffix);
    return access(path, F_OK) == 0;
}

static int refuse(int why) {
    errno = why;
    return -1;
}

static void choose(struct v4l2_pix_format *asked, int keep) {
    unsigned wide = asked->width >= 960 ? 1280 : 640;
    if (keep) {
        format = asked->pixelformat;
        width = wide;
        height = wide == 1280 ? 720 : 480;
    }
    asked->width = wide;
    asked->height = wide == 1280 ? 720 : 480;
    asked->field = V4L2_FIELD_NONE;
    asked->bytesperline = asked->pixelformat == V4L2_PIX_FMT_YUYV ? 2 * wide : 0;
    asked->sizeimage = ROOM;
}

static int best(unsigned pixels, unsigned wide) {
    return pixels == V4L2_PIX_FMT_YUYV && wide > 640 ? 10 : 30;
}

static int take(int file, struct v4l2_buffer *buffer) {
    char byte;
    struct timespec now;
    if (first == last || read(file, &byte, 1) != 1) return refuse(EAGAIN);
    buffer->index = queue[first++ % 64];
    buffer->length = ROOM;
    buffer->bytesused = 2 * width * height;
    memset(memory[buffer->index], 128, buffer->bytesused);
    if (format == V4L2_PIX_FMT_MJPEG) {
        char path[512];
        snprintf(path, sizeof path, "%s.jpg", getenv("V4L2_CAMERA"));
        FILE *picture = fopen(path, "rb");
        buffer->bytesused = picture ? fread(memory[buffer->index], 1, ROOM, picture) : 0;
        if (picture) fclose(picture);
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    long taken = now.tv_sec * 1000000000L + now.tv_nsec - BEFORE_NS;
    buffer->timestamp.tv_sec = taken / 1000000000L;
    buffer->timestamp.tv_usec = taken % 1000000000L / 1000;
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    return 0;
}

static int answer(int file, unsigned request, void *argument) {
    if (!there("")) return refuse(ENODEV);
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *told = argument;
        memset(told, 0, sizeof *told);
        told->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        told->capabilities = told->device_caps | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *told = argument;
        if (told->index > 1 || told->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return refuse(EINVAL);
        told->pixelformat = told->index ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_YUYV;
        return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *told = argument;
        if (told->index > 1) return refuse(EINVAL);
        told->type = V4L2_FRMSIZE_TYPE_DISCRETE;
        told->discrete.width = told->index ? 1280 : 640;
        told->discrete.height = told->index ? 720 : 480;
        return 0;
    }
    case VIDIOC_ENUM_FRAMEINTERVALS: {
        struct v4l2_frmivalenum *told = argument;
        if (told->index) return refuse(EINVAL);
        told->type = V4L2_FRMIVAL_TYPE_DISCRETE;
        told->discrete.numerator = 1;
        told->discrete.denominator = best(told->pixel_format, told->width);
        return 0;
    }
    case VIDIOC_G_INPUT:
        *(int *)argument = 0;
        return 0;
    case VIDIOC_ENUMINPUT:
        ((struct v4l2_input *)argument)->type = V4L2_INPUT_TYPE_CAMERA;
        return ((struct v4l2_input *)argument)->index ? refuse(EINVAL) : 0;
    case VIDIOC_G_FMT:
    case VIDIOC_TRY_FMT:
    case VIDIOC_S_FMT: {
        struct v4l2_format *asked = argument;
        struct v4l2_pix_format *pixels = &asked->fmt.pix;
        if (asked->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return refuse(EINVAL);
        if (there(".busy")) return refuse(EBUSY);
        if (request == VIDIOC_G_FMT) {
            pixels->width = width;
            pixels->pixelformat = format;
        }
        if (pixels->pixelformat != V4L2_PIX_FMT_YUYV && pixels->pixelformat != V4L2_PIX_FMT_MJPEG)
            return refuse(EINVAL);
        choose(pixels, request == VIDIOC_S_FMT);
        return 0;
    }
    case VIDIOC_S_PARM:
    case VIDIOC_G_PARM: {
        struct v4l2_captureparm *told = &((struct v4l2_streamparm *)argument)->parm.capture;
        unsigned most = best(format, width), below = told->timeperframe.numerator;
        if (request == VIDIOC_S_PARM && below) rate = told->timeperframe.denominator / below;
        told->capability = V4L2_CAP_TIMEPERFRAME;
        told->timeperframe.numerator = 1;
        told->timeperframe.denominator = rate < most ? rate : most;
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *asked = argument;
        if (asked->count > BUFFERS) asked->count = BUFFERS;
        first = last = 0;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *buffer = argument;
        buffer->length = ROOM;
        buffer->m.offset = buffer->index * ROOM;
        return 0;
    }
    case VIDIOC_QBUF:
        queue[last++ % 64] = ((struct v4l2_buffer *)argument)->index;
        return 0;
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF:
        return 0;
    case VIDIOC_DQBUF:
        return take(file, argument);
    }
    return refuse(ENOTTY);
}

int ioctl(int file, unsigned long request, ...) {
    static int (*real)(int, unsigned long, void *);
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (real == NULL) real = dlsym(RTLD_NEXT, "ioctl");
    if ((request >> 8 & 0xff) == 'V' && is_camera(file)) return answer(file, request, argument);
    return real(file, request, argument);
}

static void *map(void *at, size_t size, int rights, int flags, int file, off_t offset) {
    static void *(*real)(void *, size_t, int, int, int, off_t);
    if (real == NULL) real = dlsym(RTLD_NEXT, "mmap64");
    if (file < 0 || !is_camera(file)) return real(at, size, rights, flags, file, offset);
    return memory[offset / ROOM] =
               real(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void *mmap(void *at, size_t size, int rights, int flags, int file, off_t offset) {
    return map(at, size, rights, flags, file, offset);
}

void *mmap64(void *at, size_t size, int rights, int flags, int file, off_t offset) {
    return map(at, size, rights, flags, file, offset);
}
