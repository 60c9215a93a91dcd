/* Writes tests/golden/mat/{plain,packed}.mat with Debian's libmatio, another program's idea of the format.
   cc tools/golden/mat_files.c -lmatio -o mat_files && ./mat_files tests/golden/mat */
#include <matio.h>
#include <stdio.h>

static matvar_t *number(const char *name, double value) {
  size_t one[2] = {1, 1};
  return Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, one, &value, 0);
}

static matvar_t *text(const char *name, const char *value, size_t length) {
  size_t size[2] = {1, length};
  return Mat_VarCreate(name, MAT_C_CHAR, MAT_T_UINT8, 2, size, value, 0);
}

static matvar_t *record(void) {
  const char *fields[] = {"filename", "objects", "names"}, *object_fields[] = {"class", "bbox", "viewpoint"};
  const char *viewpoint_fields[] = {"azimuth", "distance"};
  size_t one[2] = {1, 1}, two[2] = {1, 2}, four[2] = {1, 4}, none[2] = {0, 0};
  double boxes[2][4] = {{1, 2, 30.5, 40}, {5, 6, 7, 8}};
  matvar_t *result = Mat_VarCreateStruct("record", 2, one, fields, 3);
  matvar_t *objects = Mat_VarCreateStruct("objects", 2, two, object_fields, 3);
  for (int i = 0; i < 2; ++i) {
    Mat_VarSetStructFieldByName(objects, "class", i, i == 0 ? text("class", "car", 3) : text("class", "aeroplane", 9));
    Mat_VarSetStructFieldByName(objects, "bbox", i,
                                Mat_VarCreate("bbox", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, four, boxes[i], 0));
    matvar_t *viewpoint = Mat_VarCreate("viewpoint", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, none, NULL, 0);
    if (i == 0) {
      viewpoint = Mat_VarCreateStruct("viewpoint", 2, one, viewpoint_fields, 2);
      Mat_VarSetStructFieldByName(viewpoint, "azimuth", 0, number("azimuth", 123.25));
      Mat_VarSetStructFieldByName(viewpoint, "distance", 0, number("distance", 0));
    }
    Mat_VarSetStructFieldByName(objects, "viewpoint", i, viewpoint);
  }
  matvar_t *names[3] = {text(NULL, "a", 1), text(NULL, "bcd", 3), NULL};
  size_t cells[2] = {1, 2};
  Mat_VarSetStructFieldByName(result, "filename", 0, text("filename", "n02690373_16.JPEG", 17));
  Mat_VarSetStructFieldByName(result, "objects", 0, objects);
  Mat_VarSetStructFieldByName(result, "names", 0, Mat_VarCreate("names", MAT_C_CELL, MAT_T_CELL, 2, cells, names, 0));
  return result;
}

static int write_file(const char *folder, const char *name, enum matio_compression packing) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  mat_t *file = Mat_CreateVer(path, "MATLAB 5.0 MAT-file, written by libmatio", MAT_FT_MAT5);
  if (!file) return 1;
  size_t cube[3] = {3, 4, 5};
  unsigned char voxels[60];
  float singles[6] = {0.5f, -1, 2, 3, 4, 1e30f};
  for (int i = 0; i < 60; ++i) voxels[i] = (unsigned char)(i % 7 == 0);
  size_t two_three[2] = {2, 3};
  Mat_VarWrite(file, Mat_VarCreate("voxel", MAT_C_UINT8, MAT_T_UINT8, 3, cube, voxels, MAT_F_LOGICAL), packing);
  Mat_VarWrite(file, Mat_VarCreate("singles", MAT_C_SINGLE, MAT_T_SINGLE, 2, two_three, singles, 0), packing);
  Mat_VarWrite(file, record(), packing);
  return Mat_Close(file);
}

int main(int count, char **words) {
  if (count != 2) return 2;
  return write_file(words[1], "plain.mat", MAT_COMPRESSION_NONE) || write_file(words[1], "packed.mat", MAT_COMPRESSION_ZLIB);
}
