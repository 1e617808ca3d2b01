"""A site of one file: a login whose form is guarded by Django's CSRF protection, and a page for who is logged in."""
import os
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

ASSETS = os.environ.get("ASSET_URL", "/static")

settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    # Only the stage's own name, which ASSET_URL begins with.
    ALLOWED_HOSTS=[urlsplit(ASSETS).hostname],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": ["/srv/app/templates"],
    }],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    SECURE_SSL_REDIRECT=True,
    SESSION_COOKIE_SECURE=True,
    CSRF_COOKIE_SECURE=True,
)


def front(request):
    return HttpResponse("This is @VERSION@.")


def login(request):
    wrong = False
    if request.method == "POST":
        if request.POST.get("password") == "balloon":
            request.session["name"] = request.POST.get("name")
            return redirect(request.build_absolute_uri("/account"))
        wrong = True
    return render(request, "login.html", {"wrong": wrong, "assets": ASSETS})


def account(request):
    if "name" not in request.session:
        return redirect(request.build_absolute_uri("/login"))
    return render(request, "account.html", {"name": request.session["name"], "assets": ASSETS})


urlpatterns = [path("", front), path("login", login), path("account", account)]

from django.core.wsgi import get_wsgi_application  # noqa: E402, after the settings that it reads

application = get_wsgi_application()
